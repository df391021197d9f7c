"""Files that fuzzing found: each made a reader raise what nobody caught."""

import io
import zipfile
from collections import OrderedDict

import pytest
import torch

from bench.backbones.foreign.checkpoint import open_checkpoint
from bench.core.errors import WeightsError


def test_an_old_checkpoint_that_announces_more_numbers_than_a_file_can_have_is_refused(tmp_path):
    stream = io.BytesIO()
    torch.save(OrderedDict(a=torch.arange(3.0)), stream, _use_new_zipfile_serialization=False)
    content = stream.getvalue()
    # Behind the last pickle stands the number of values of the one storage, then the values.
    count = (3).to_bytes(8, "little")
    at = content.rindex(count)
    (tmp_path / "old.pth").write_bytes(content[:at] + (2**62).to_bytes(8, "little") + content[at + 8 :])
    with pytest.raises(WeightsError, match=r"old\.pth cannot be read"):
        open_checkpoint(tmp_path / "old.pth")


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_checkpoint_whose_pickle_breaks_off_is_refused(tmp_path, cut):
    """Torch's own reader meets the end inside a number: `struct.error`."""
    torch.save(OrderedDict(a=torch.arange(70_000.0), b=70_000), tmp_path / "whole.pth")
    with zipfile.ZipFile(tmp_path / "whole.pth") as old, zipfile.ZipFile(tmp_path / "cut.pth", "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry.filename, content[:-cut] if entry.filename.endswith("data.pkl") else content)
    with pytest.raises(WeightsError, match=r"cut\.pth cannot be read"):
        open_checkpoint(tmp_path / "cut.pth")
