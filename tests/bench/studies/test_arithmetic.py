"""One arithmetic a study: how it is settled, where it is kept, and how it stands in keys."""

import json

import pytest

from bench.core import arithmetic
from bench.core.errors import StoreError
from bench.engines import devices
from bench.store.store import Store
from bench.studies.loading import load_study
from tasks.protocols import computed_in, load_protocol


def words(study):
    """The precision of what the study trains: its methods' and its protocols'."""
    trained = {study.options_of(row).precision for row in study.rows() if hasattr(study.options_of(row), "precision")}
    return trained | {each.schedule.precision for each in study.all_protocols() if each.trains}


def test_the_first_run_of_a_store_settles_it_for_all_that_follow(tmp_path, monkeypatch):
    study = load_study("demo", {"engine.device": "cpu"})
    monkeypatch.setattr("bench.engines.engine.of_processor", lambda: "fp32")
    first = study.in_one_arithmetic(Store(tmp_path))
    assert {"fp32"} == words(first)
    Store(tmp_path).open_for_writing(first.precision)
    monkeypatch.setattr("bench.engines.engine.of_processor", lambda: "bf16")
    assert "fp32" == study.in_one_arithmetic(Store(tmp_path)).precision
    assert {"bf16"} == words(study.in_one_arithmetic(Store(tmp_path / "another")))


def test_what_is_stated_goes_before_the_store_and_what_a_row_states_before_that(tmp_path):
    Store(tmp_path).open_for_writing("bf16")
    study = load_study("demo", {"precision": "fp32", "options.moco.precision": "bf16", "methods": ["geokr", "moco"]})
    settled = study.in_one_arithmetic(Store(tmp_path))
    assert ("fp32", "bf16") == tuple(settled.options_of(name).precision for name in ("geokr", "moco"))


def test_a_store_of_before_stays_as_it_was_begun(tmp_path):
    (tmp_path / "store.json").write_text('{"schema": 1}')
    assert {"auto"} == words(load_study("demo", {}).in_one_arithmetic(Store(tmp_path)))


def test_a_run_that_came_second_into_a_new_store_is_told(tmp_path):
    Store(tmp_path).open_for_writing("fp32")
    assert {"schema": 1, "precision": "fp32"} == json.loads((tmp_path / "store.json").read_text())
    late = Store(tmp_path)
    late_sees = iter([False, True, True, True])
    type(late).exists, kept = property(lambda _: next(late_sees)), type(late).exists
    try:
        with pytest.raises(StoreError, match="was begun meanwhile in fp32: run the same command again"):
            late.open_for_writing("bf16")
    finally:
        type(late).exists = kept
    assert "fp32" == Store(tmp_path).precision


def test_bf16_has_the_keys_that_it_had_as_auto_and_fp32_has_others():
    study = {word: load_study("demo", {"precision": word}) for word in ("auto", "bf16", "fp32")}
    options = {word: each.options_of("geokr").identity() for word, each in study.items()}
    hashes = {word: [protocol.hash for protocol in each.all_protocols()] for word, each in study.items()}
    assert options["auto"] == options["bf16"] != options["fp32"]
    assert hashes["auto"] == hashes["bf16"] != hashes["fp32"]


def test_what_trains_nothing_or_states_its_own_is_left_as_it_is():
    probe = load_protocol("demo/scenes-probe")
    assert probe is computed_in(probe, "fp32")
    own = computed_in(load_protocol("demo/scenes"), "fp32")
    assert own is computed_in(own, "bf16")


@pytest.mark.parametrize(("flags", "word"), [("fpu avx2 avx512_bf16", "bf16"), ("fpu avx2", "fp32"), ("", "fp32")])
def test_cores_are_told_by_their_flags(flags, word, monkeypatch):
    monkeypatch.setattr("pathlib.Path.read_text", lambda _: f"model name : x\nflags\t\t: {flags}\n" if flags else "")
    assert word == arithmetic.of_processor.__wrapped__()


@pytest.mark.parametrize(("known", "word"), [("9.0\n8.0\n", "bf16"), ("9.0\n7.5\n", "fp32"), ("", "fp32")])
def test_the_lowest_gpu_decides(known, word, monkeypatch):
    monkeypatch.setattr(devices, "_query", lambda *_: known)
    assert word == devices.arithmetic()
