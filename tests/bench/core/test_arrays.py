"""A broken `.npy` file is refused in a line, whatever numpy makes of it."""

import io

import numpy as np
import pytest

from bench.core.arrays import read_array
from bench.core.errors import DataError


def array_bytes():
    stream = io.BytesIO()
    np.save(stream, np.arange(6).reshape(2, 3))
    return stream.getvalue()


def with_header(text):
    """A version 1.0 file with a header of its own."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


BROKEN = {
    "empty": b"",
    "cut in its header": array_bytes()[:60],
    "cut in its values": array_bytes()[:-8],
    "a bracket that never closes": with_header("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3, \n"),
    "no Python": with_header("{'descr': '<i8', !!\n"),
    "deep": with_header("(" * 5000 + "\n"),
    "huge": with_header("{'descr': '<i8', 'fortran_order': False, 'shape': (99999999999999999999, 9)}\n"),
    "negative": with_header("{'descr': '<i8', 'fortran_order': False, 'shape': (-2, 3)}\n"),
    "objects": with_header("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}\n"),
    "a shape of texts": with_header("{'descr': '<i8', 'fortran_order': False, 'shape': ('a', 3)}\n"),
}


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_one_line(tmp_path, content, mapped):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npy cannot be read .*: prepare it again") as caught:
        read_array(tmp_path / "a.npy", DataError, "prepare it again", mapped=mapped)
    assert "\n" not in str(caught.value)


def test_a_sound_file_is_read(tmp_path):
    (tmp_path / "a.npy").write_bytes(array_bytes())
    assert [[0, 1, 2], [3, 4, 5]] == read_array(tmp_path / "a.npy", DataError, "").tolist()
