"""A config is read as data: nothing of it runs, and a part that is code is refused where it is taken."""

import pytest

from bench.core.errors import StudyError
from tasks.heads.config_files import locate, read, taken


def _read(tmp_path, text, name="mine.py"):
    file = tmp_path / name
    file.write_text(text)
    return read(file)


def test_literals_calls_of_dict_names_and_sums_are_read(tmp_path):
    text = """
'''A text that stands alone is a comment.'''
import os
norm = dict(type='BN', requires_grad=True)
widths = [64] * 2 + [-1, 2 * 3 / 4]
model: dict = dict(head={'norm': norm, **dict(a=(1, 2.5, None))}, widths=widths, first=widths[0], kind=norm['type'])
"""
    found = _read(tmp_path, text)["model"]
    norm = {"type": "BN", "requires_grad": True}
    assert {
        "head": {"norm": norm, "a": [1, 2.5, None]},
        "widths": [64, 64, -1, 1.5],
        "first": 64,
        "kind": "BN",
    } == found


def test_bases_are_read_first_keys_are_joined_and_deleted(tmp_path):
    (tmp_path / "base.py").write_text("norm = 'BN'\nmodel = dict(a=dict(x=1, y=2), b=dict(z=3), c=[1, 2])\n")
    text = """
_base_ = ['./base.py']
model = dict(a=dict(y=5), b=dict(_delete_=True, w=4), c=[7], d=_base_.norm, e={{_base_.model.b.z}})
"""
    found = _read(tmp_path, text)
    assert {"norm": "BN", "model": found["model"]} == found
    assert {"a": {"x": 1, "y": 5}, "b": {"w": 4}, "c": [7], "d": "BN", "e": 3} == found["model"]


def test_code_is_refused_where_it_is_taken_and_nowhere_else(tmp_path):
    text = """
data_root = os.environ['DATA']
train = [dict(scale=s) for s in range(3)]
model = dict(widths=[x * 2 for x in (1, 2)], fine=1)
other = dict(train=train, fine=2)
"""
    found = _read(tmp_path, text)
    assert 1 == taken(found["model"]["fine"])
    with pytest.raises(StudyError, match=r"mine.py, line 4: `\[x \* 2 for x in \(1, 2\)\]` is code"):
        taken(found["model"])
    with pytest.raises(StudyError, match=r"mine.py, line 3: .* is code"):
        taken(found["other"])


@pytest.mark.parametrize(
    "text",
    [
        "model = dict(a=__import__('os').system('touch ran'))",
        "model = dict(a=exec(\"open('ran', 'w')\"))",
        "model = dict(a=f\"{open('ran', 'w')}\")",
        "model = [open('ran', 'w') for _ in (1,)]",
        "model = dict(a=(lambda: open('ran', 'w'))())",
    ],
)
def test_nothing_that_a_value_calls_is_run(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match="is code, and a config is read as data"):
        taken(_read(tmp_path, text)["model"])
    assert ["mine.py"] == [each.name for each in tmp_path.iterdir()]


def test_a_value_that_is_changed_after_it_was_written_is_not_known(tmp_path):
    with pytest.raises(StudyError, match=r"line 2: `model\['a'\] = 2` is code"):
        taken(_read(tmp_path, "model = dict(a=1)\nmodel['a'] = 2\n")["model"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("for a in (1,):\n    pass", "line 1: `for a in"),
        ("model.update(a=1)", "line 1: `model.update"),
        ("model = dict(", "is no readable config"),
        ("_base_ = 'absent.py'", "absent.py is no readable config: No such file"),
        ("_base_ = 'mine.py'", "goes on from itself"),
        ("_base_ = 3", "line 1: _base_ names a file"),
        ("_base_ = 'nowhere::a.py'", "nowhere::a.py: there is no installed package 'nowhere'"),
        ("a = " + "-" * 5000 + "1", "is no readable config|nested too deep"),
    ],
)
def test_a_config_that_does_more_than_assign_is_refused_in_one_line(tmp_path, text, said):
    with pytest.raises(StudyError, match=said) as caught:
        _read(tmp_path, text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["[0] * 10 ** 9", "[0] * 10_000_000", "1 / 0", "'a' * 3", "10.0 ** 99", "b'a'", "absent"]
)
def test_what_would_fill_the_memory_or_has_no_value_is_not_reckoned(tmp_path, value):
    with pytest.raises(StudyError, match="line 1"):
        taken(_read(tmp_path, f"model = dict(a={value})")["model"])


def test_configs_of_an_installed_package_are_named_by_it(tmp_path):
    model = taken(read(locate("mmseg::upernet/upernet_r18_4xb2-40k_cityscapes-512x1024.py", tmp_path))["model"])
    assert ("UPerHead", [64, 128, 256, 512]) == (model["decode_head"]["type"], model["decode_head"]["in_channels"])
