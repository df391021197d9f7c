"""A process that has no file handle left is told so, and not that its files are broken."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.core import files
from bench.corpus.build.pipeline import build_corpus
from bench.store.records import read_record
from tasks.writing import SliceWriter

ROOT = Path(__file__).resolve().parents[3]
# Everything that is imported late is imported by a first try on a sound file, then all handles are taken.
PROGRAM = """
import os, resource, sys
from pathlib import Path

path = Path(sys.argv[1])
{imports}
{prepare}
resource.setrlimit(resource.RLIMIT_NOFILE, (48, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
held = []
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
try:
    {attempt}
except BenchError as error:
    print(type(error).__name__, error)
"""
SAID = "too many open files: raise the limit (ulimit -n, now 48)"


def _starved(path, *, imports, attempt, prepare=""):
    """What a process with no handle left prints when it tries to open or read something."""
    program = PROGRAM.format(
        imports=f"from bench.core.errors import BenchError\n{imports}", prepare=prepare, attempt=attempt
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def _check(said, *where):
    assert SAID in said
    assert "again" not in said
    assert all(each in said for each in where), said


def test_prepared_arrays_are_not_to_be_prepared_again(tmp_path):
    with files.new_folder(tmp_path / "set") as work:
        writer = SliceWriter(work, 1, 4, ["one"])
        writer.add(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), "a")
        writer.finish({"palette": [[0, 0, 0]]})
    imports = "from tasks.prepared import Prepared"
    _check(_starved(tmp_path / "set", imports=imports, attempt="Prepared.open(path)"), "DataError", "index.json")
    opened = {"imports": imports, "prepare": "data = Prepared.open(path)"}
    _check(_starved(tmp_path / "set", **opened, attempt="data.images"), "DataError", "images.npy")


@pytest.fixture
def corpus(tmp_path):
    import rasterio
    from affine import Affine

    (tmp_path / "scenes").mkdir()
    pixels = np.random.default_rng(0).integers(0, 200, (3, 64, 64), dtype=np.uint8)
    shape = {"count": 3, "width": 64, "height": 64, "dtype": "uint8", "photometric": "RGB"}
    place = {"crs": "EPSG:32650", "transform": Affine(10, 0, 500_000, 0, -10, 4_000_000)}
    with rasterio.open(tmp_path / "scenes" / "GF1_a.tif", "w", driver="GTiff", **shape, **place) as scene:
        scene.write(pixels)
    return build_corpus(tmp_path / "scenes", None, None, tmp_path / "corpus", size=32, overlap=0.0).path


def test_a_corpus_is_not_to_be_copied_or_built_again(corpus):
    imports = "import numpy as np\nfrom bench.corpus.storage.reader import Corpus"
    _check(_starved(corpus, imports=imports, attempt="Corpus.open(path)"), "CorpusError", "corpus.json")
    opened = {"imports": imports, "prepare": "corpus = Corpus.open(path)"}
    _check(_starved(corpus, **opened, attempt="corpus.tiles(np.arange(4))"), "CorpusError", "shards")
    # A corpus that came from another process maps its arrays anew.
    mapped = "from bench.corpus.storage.manifest import read_manifest\nmanifest = read_manifest(path)"
    _check(
        _starved(corpus, imports=imports, prepare=mapped, attempt="Corpus(path, manifest)"), "CorpusError", "index.npy"
    )


def test_a_record_is_not_to_be_deleted(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("{}")
    imports = f"from {read_record.__module__} import read_record"
    _check(_starved(path, imports=imports, attempt="read_record(path)"), "StoreError", "a.json")


def test_weights_are_not_to_be_deleted(tmp_path):
    import torch
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "weights.safetensors")
    imports = "from bench.backbones import weights\nweights.FILE = 'weights.safetensors'"
    _check(_starved(tmp_path, imports=imports, attempt="weights.load(path)"), "WeightsError")


def test_pictures_and_rasters_are_not_to_be_downloaded_again(tmp_path):
    path = tmp_path / "a.tif"
    Image.new("RGB", (8, 8)).save(path)
    pictures = "from tasks.datasets.pictures import read_rgb"
    _check(_starved(path, imports=pictures, prepare="read_rgb(path)", attempt="read_rgb(path)"), "DataError", "a.tif")
    rasters = "from tasks.datasets.rasters import open_rgb"
    _check(_starved(path, imports=rasters, prepare="open_rgb(path)", attempt="open_rgb(path)"), "DataError", "a.tif")


def test_a_machine_without_handles_and_a_broken_file_are_told_apart():
    busy = OSError(errno.ENFILE, os.strerror(errno.ENFILE))
    assert ": too many open files on this machine: close other programs" == files.because(busy, "fetch it again")
    assert " (bad magic): fetch it again" == files.because(ValueError("bad magic\nat byte 0"), "fetch it again")
    assert " (EOFError): fetch it again" == files.because(EOFError(), "fetch it again")
