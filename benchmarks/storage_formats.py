"""Four ways to keep tiles on disk, measured: `python benchmarks/storage_formats.py [FOLDER] [TILES]`.

Needs `webdataset` and `litdata`, which the harness does not depend on. One process, files in the page cache; rates are
by CPU time, so that a busy machine gives the same figures. The tiles are smooth relief with grain. For crash safety a
process is killed when it has handed over half of the tiles, and whatever can be read afterwards is counted.
"""

import argparse
import io
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = 256


def make_tiles(count, seed=0):
    """Ground whose JPEG files are about as long as those of satellite images (30 to 50 KiB at quality 90)."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        coarse = rng.normal(110, 40, size=(12, 12, 3)).clip(0, 255).astype(np.uint8)
        relief = np.asarray(Image.fromarray(coarse).resize((SIZE, SIZE), Image.Resampling.BICUBIC), dtype=np.float32)
        yield (relief + rng.normal(0, 7, size=(SIZE, SIZE, 1))).clip(0, 255).astype(np.uint8)


def jpeg(tile):
    stream = io.BytesIO()
    Image.fromarray(tile).save(stream, format="JPEG", quality=90)
    return stream.getvalue()


def decode(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


class RawShards:
    """Raw bytes in one file, read by `pread`."""

    def __init__(self, folder):
        self.path = folder / "tiles.u8"

    def write(self, tiles):
        with self.path.open("wb") as stream:
            for tile in tiles:
                stream.write(tile.tobytes())
            stream.flush()
            os.fsync(stream.fileno())

    def read(self, order):
        handle = os.open(self.path, os.O_RDONLY)
        tile = np.empty((SIZE, SIZE, 3), dtype=np.uint8)
        for number in order:
            os.preadv(handle, [tile.data], int(number) * tile.nbytes)
        os.close(handle)

    def survivors(self):
        return self.path.stat().st_size // SIZE**2 // 3


class MappedShards(RawShards):
    """The same file, mapped."""

    def read(self, order):
        tiles = np.memmap(self.path, dtype=np.uint8, mode="r").reshape(-1, SIZE, SIZE, 3)
        tile = np.empty((SIZE, SIZE, 3), dtype=np.uint8)
        for number in order:
            tile[:] = tiles[number]


class JpegShards:
    """JPEG files end to end in one file, with an index of offsets."""

    def __init__(self, folder):
        self.path = folder / "tiles.jpegs"
        self.offsets = [0]

    def write(self, tiles):
        with self.path.open("wb") as stream:
            for tile in tiles:
                self.offsets.append(self.offsets[-1] + stream.write(jpeg(tile)))
            stream.flush()
            os.fsync(stream.fileno())

    def read(self, order):
        handle = os.open(self.path, os.O_RDONLY)
        for number in order:
            start, end = self.offsets[number], self.offsets[number + 1]
            decode(os.pread(handle, end - start, start))
        os.close(handle)

    def survivors(self):
        return len(self.offsets) - 1  # the index was in the memory of the process


class WebDataset:
    """Tar shards; there is no random access, so it is read in order through a shuffle buffer of 1000."""

    def __init__(self, folder):
        self.pattern = str(folder / "shard-%06d.tar")
        self.folder = folder

    def write(self, tiles):
        import webdataset

        with webdataset.ShardWriter(self.pattern, maxcount=1000, verbose=0) as sink:
            for number, tile in enumerate(tiles):
                sink.write({"__key__": f"{number:09d}", "jpg": jpeg(tile)})

    def read(self, order):
        import webdataset

        urls = sorted(str(path) for path in self.folder.glob("*.tar"))
        data = webdataset.WebDataset(urls, shardshuffle=len(urls), seed=0, empty_check=False).shuffle(1000)
        for count, sample in enumerate(data, start=1):
            decode(sample["jpg"])
            if count == len(order):
                break

    def survivors(self):
        import webdataset

        count = 0
        try:
            for path in sorted(self.folder.glob("*.tar")):
                for sample in webdataset.WebDataset(str(path), shardshuffle=False, empty_check=False):
                    decode(sample["jpg"])
                    count += 1
        except Exception as error:  # noqa: BLE001 - whatever a torn archive raises is the finding
            return f"{count}, then {type(error).__name__}"
        return count


class LitData:
    """litdata chunks of 64 MiB, each sample the bytes of a JPEG; reads through its own shuffle."""

    def __init__(self, folder):
        self.folder = str(folder / "lit")

    def write(self, tiles):
        from litdata.streaming.writer import BinaryWriter

        writer = BinaryWriter(self.folder, chunk_bytes=2**26)
        for number, tile in enumerate(tiles):
            writer[number] = {"image": jpeg(tile)}
        writer.done()
        writer.merge()

    def read(self, order):
        from litdata import StreamingDataset

        data = StreamingDataset(self.folder, shuffle=True, seed=0)
        for count, sample in enumerate(data, start=1):
            decode(sample["image"])
            if count == len(order):
                break

    def survivors(self):
        from litdata import StreamingDataset

        try:
            return len(StreamingDataset(self.folder))
        except Exception as error:  # noqa: BLE001 - whatever a torn data set raises is the finding
            return f"0, {type(error).__name__}"


def crash(kind, folder, tiles):
    """Kill a writer after half of the tiles, and say what can be read."""
    folder.mkdir()

    def half():
        yield from tiles[: len(tiles) // 2]
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        kind(folder).write(half())
    os.waitpid(child, 0)
    return f"{kind(folder).survivors()} of {len(tiles) // 2}"


def measure(kind, folder, tiles, order):
    folder.mkdir()
    store = kind(folder)
    start = time.process_time()
    store.write(iter(tiles))
    written = time.process_time() - start
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    store.read(order[:50])
    start = time.process_time()
    store.read(order)
    read = time.process_time() - start
    return {
        "write_tiles_per_cpu_s": round(len(tiles) / written),
        "read_tiles_per_cpu_s": round(len(order) / read),
        "kib_per_tile": round(size / len(tiles) / 1024, 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=tempfile.gettempdir())
    parser.add_argument("tiles", nargs="?", type=int, default=3000)
    arguments = parser.parse_args()
    tiles = list(make_tiles(arguments.tiles))
    order = np.random.default_rng(0).permutation(arguments.tiles)
    work = Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        for kind in (RawShards, MappedShards, JpegShards, WebDataset, LitData):
            figures = measure(kind, work / kind.__name__, tiles, order)
            figures["readable_after_a_kill"] = crash(kind, work / f"{kind.__name__}-crash", tiles)
            print(kind.__name__, json.dumps(figures), flush=True)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
