"""Whatever is misspelt, one line on stderr says which name was meant; through the command line, kind by kind."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
RUN = ["run", "--study", "demo"]


def line_of(done):
    assert 2 == done.returncode, (done.stdout, done.stderr)
    assert "" == done.stdout
    lines = done.stderr.splitlines()
    assert 1 == len(lines), lines
    assert lines[0].startswith("bench: ")
    return lines[0]


def a_study(folder, **changes):
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump({"name": "mine", "extends": "demo", **changes}))
    return str(file)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "unknown command 'rnu'; did you mean run? (bench --help lists them)"),
        (["corpus", "biuld"], "unknown command 'biuld' of bench corpus; did you mean build? (bench corpus --help lists"),
        (["run", "--methds", "moco"], "unknown option '--methds' of bench run; did you mean --methods? (bench run --help"),
        (["table", "--format", "latx"], "--format: unknown value 'latx'; did you mean latex? (choose from markdown, csv,"),
        (["methods", "show", "geoker"], "unknown method 'geoker'; did you mean geokr? (bench methods lists them)"),
        (["methods", "show"], "bench methods show needs NAME: give it (bench methods show --help says more)"),
        ([*RUN, "--methods", "geoker"], "unknown method 'geoker'; did you mean geokr? (bench methods lists them)"),
        ([*RUN, "--methods", "geokr moco"], "unknown method 'geokr moco'; did you mean geokr,moco?"),
        ([*RUN, "--references", "randm"], "unknown method 'randm'; did you mean random?"),
        ([*RUN, "--tasks", "sge"], "unknown task 'sge'; did you mean seg? (bench tasks lists them)"),
        ([*RUN, "--datasets", "demo-citi"], "no asked protocol has data set 'demo-citi'; did you mean demo-city?"),
        ([*RUN, "--backbones", "resnet81"], "unknown backbone 'resnet81'; did you mean resnet18? (bench backbones lists"),
        ([*RUN, "--set", "protocols.seg=[demo/citi]"], "unknown protocol 'demo/citi'; did you mean demo/city? (bench task"),
        ([*RUN, "--set", "head=upernett"], "unknown head 'upernett'; did you mean upernet? (bench heads lists them)"),
        ([*RUN, "--set", "engine.kind=lokal"], "unknown engine 'lokal'; did you mean local? (bench engines lists them)"),
        ([*RUN, "--set", "sedes=2"], "unknown key 'sedes'; did you mean seeds?"),
        ([*RUN, "--set", "engine.wrokers=2"], "unknown key 'engine.wrokers'; did you mean engine.workers?"),
        ([*RUN, "--set", "epochs=2"], "unknown key 'epochs'; did you mean pretrain.epochs?"),
        ([*RUN, "--set", "until.wdth=1"], "unknown key 'until.wdth'; did you mean until.width?"),
        ([*RUN, "--set", "pretrain.epohcs=2"], "options of geokr: unknown key 'epohcs'; did you mean epochs? (bench methods"),
        ([*RUN, "--set", "views=comon"], "views: Input should be 'paper' or 'common', got 'comon'; did you mean common?"),
        ([*RUN, "--set", "budget.veiws=2"], "not {'veiws': 2}; did you mean views?"),
        ([*RUN, "--set", "axes.corpra=[demo]"], "'corpra' is no axis; did you mean corpora?"),
        ([*RUN, "--fractions", "1%"], "--fractions 1%: '1%' is no number in (0, 1], such as 0.01; did you mean 0.01?"),
        ([*RUN, "--fractions", "1.5"], "a fraction lies in (0, 1]; did you mean 0.015 (1.5%)?"),
        ([*RUN, "--fractions", "50"], "did you mean 0.5 (50%), or 50 samples by --labels 50?"),
        ([*RUN, "--fractions", "0.01 1.0"], "did you mean 0.01,1.0?"),
        ([*RUN, "--fractions", "1/100"], "did you mean 0.01?"),
        ([*RUN, "--labels", "5shto"], "'5shto' is no amount of labels (did you mean 5shot?): write 5shot"),
        ([*RUN, "--labels", "5shot 10shot"], "(did you mean 5shot,10shot?)"),
        ([*RUN, "--seeds", "0"], "seeds: Input should be greater than 0, got 0"),
        ([*RUN, "--repeat", "7"], "--repeat 7: study demo has the repeats 0 to 2: choose one"),
        ([*RUN, "--share", "3/2"], "--share 3/2: write it as I/N with I from 0 to N-1, such as 0/4"),
        ([*RUN, "--share", ""], "--share : write it as I/N"),
        (["run", "--study", "demmo"], "unknown study 'demmo'; did you mean demo?"),
        (["run", "--study", str(ROOT / "configs/dmo.yaml")], f"(did you mean {ROOT / 'configs/demo.yaml'}?): name a .yaml"),
        (["tune", "--tuning", "dmeo"], "unknown tuning 'dmeo'; did you mean demo?"),
        (["data", "show", "eurosta"], "unknown data set 'eurosta'; did you mean eurosat? (bench data list lists them)"),
        (["data", "split", "demo/citi", "--part", "test"], "unknown protocol 'demo/citi'; did you mean demo/city?"),
        (["data", "prepare", "eurosat", "--source", str(ROOT / "dcos")], f"(did you mean {ROOT / 'docs'}?)"),
        (["products", "show", "globland30"], "unknown land-cover product 'globland30'; did you mean globeland30?"),
        (["weights", "fetch", "hub:nothing"], "no published weights are called 'nothing'"),
        (["weights", "inspect", str(ROOT / "READMEE.md")], f"(did you mean {ROOT / 'README.md'}?)"),
        (["corpus", "info", str(ROOT / "cofigs")], f"(did you mean {ROOT / 'configs'}?)"),
        (["corpus", "fetch", "--bbox", "0,0,1,1", "--out", "f", "--source", "earth-serch"],
         "unknown source 'earth-serch'; did you mean earth-search?"),
        (["corpus", "fetch", "--bbox", "0,0,1,1", "--out", "f", "--bands", "red,gren"],
         "has no band 'gren'; did you mean green?"),
        (["compare", "--published", "geokr2021"], None),
        (["table", "--store", str(ROOT / "reslts")], f"(did you mean {ROOT / 'results'}?)"),
    ],
)  # fmt: skip
def test_what_was_meant_is_said(arguments, said, run_bench, store, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "data"))
    if said is None:
        arguments, said = (
            [*arguments, "--store", str(store)],
            "no published numbers 'geokr2021'; did you mean geokr-2021?",
        )
    assert said in line_of(run_bench(*arguments))
    assert not (tmp_path / "data").exists()  # it is said before the demo's world is made


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"methods": [{"moco": {"temprature": 0.2}}]},
            "options of moco: unknown key 'temprature'; did you mean temperature?",
        ),
        ({"methods": [{"moco": {"repeat_form": 1}}]}, "unknown key 'repeat_form'; did you mean repeat_from?"),
        ({"methodss": ["moco"]}, "mine.yaml: unknown key 'methodss'; did you mean methods?"),
        (
            {"fractions": [1.5]},
            "fractions.0: 1.5 is more than all labels, a fraction lies in (0, 1]; did you mean 0.015",
        ),
        ({"primary": {"basline": "moco"}}, "unknown key 'primary.basline'; did you mean primary.baseline?"),
    ],
)
def test_a_key_of_a_study_file_is_answered_with_its_path(changes, said, run_bench, tmp_path):
    assert said in line_of(run_bench("plan", "--study", a_study(tmp_path, **changes)))


def test_a_key_of_a_protocol_of_a_data_set_and_of_a_source_too(run_bench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("id: mine\nextends: demo/city\nschedule: {totl: 3}\n")
    line = line_of(run_bench("plan", "--study", "demo", "--set", "protocols.seg=[mine.yaml]"))
    assert "mine.yaml: unknown key 'schedule.totl'; did you mean schedule.total?" in line
    Path("set.yaml").write_text("name: set\nsumary: mine\n")
    assert "set.yaml: unknown key 'sumary'; did you mean summary?" in line_of(run_bench("data", "show", "set.yaml"))
    shutil.copy(ROOT / "configs" / "sources" / "earth-search.yaml", "source.yaml")
    Path("source.yaml").write_text(Path("source.yaml").read_text() + "colection: x\n")
    line = line_of(run_bench("corpus", "fetch", "--bbox", "0,0,1,1", "--out", "f", "--source", "source.yaml"))
    assert "unknown key 'colection'; did you mean collection?" in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verdict", "--baseline", "mocco"], "'mocco' in this store; did you mean moco?"),
        (["verdict", "--question", "geokr>moco@demo/citi"], "'demo/citi' in this store; did you mean demo/city?"),
        (["table", "--metric", "mio"], "'mio'; did you mean miou?"),
        (["labels-to-match", "--method", "geokr", "--reference", "random", "--backbone", "resnet81"],
         "no result with backbone 'resnet81'; did you mean resnet18?"),
        (["leaderboard", "page", "--out", "page", "--protocols", "demo/citi"], "'demo/citi'; did you mean demo/city?"),
    ],
)  # fmt: skip
def test_names_of_a_store_are_answered_from_what_it_holds(arguments, said, run_bench, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in line_of(run_bench(*arguments, "--store", str(store)))


def test_the_key_of_weights_is_answered_with_the_nearest(run_bench, tmp_path):
    (tmp_path / "store.json").write_text(json.dumps({"schema": 1}))
    for key in ("0326839fc67dbe85", "ffffffffffffffff"):
        folder = tmp_path / "weights" / key
        folder.mkdir(parents=True)
        (folder / "card.json").write_text(
            json.dumps({"key": key, "method": "moco", "backbone": "resnet18", "seed": 1, "steps": 3, "schema": 2})
        )
        (folder / "weights.safetensors").touch()
    line = line_of(run_bench("weights", "export", "0326839fc76dbe", "--store", str(tmp_path)))
    assert "did you mean 0326839fc67dbe85? (bench weights list lists them)" in line


def test_a_group_without_a_command_still_shows_its_help(run_bench):
    done = run_bench("corpus")
    assert "Usage: bench corpus" in done.stdout + done.stderr
