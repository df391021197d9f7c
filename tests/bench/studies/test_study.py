from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import methods
import tasks
from bench.cli.run import run
from bench.cli.study import study_from
from bench.core.errors import StudyError
from bench.studies.loading import load_study, shipped_studies
from tasks.protocols import known_protocols, load_protocol

NOTHING = {
    "study": "demo",
    "settings": (),
    "no_references": False,
    **dict.fromkeys(
        (
            *("methods", "references", "init", "tasks", "datasets", "backbones", "fractions", "labels", "seeds"),
            *("store", "device", "workers"),
        )
    ),
}


def ask(**options):
    return study_from(NOTHING | options)


def names(study):
    return [row.name for row in study.rows()]


@pytest.mark.parametrize("name", shipped_studies())
def test_every_shipped_study_is_valid(name):
    assert load_study(name, {}).name == name


@pytest.mark.parametrize(
    "file", sorted((Path(__file__).parents[3] / "configs" / "trials").glob("*-*.yaml")), ids=lambda file: file.stem
)
def test_every_trial_beside_the_real_study_is_valid_and_asks_nothing_of_its_verdict(file):
    study = load_study(file, {})
    assert {"random"} < {row.name for row in study.rows()}
    assert all(study.options_of(row) for row in study.rows())
    assert study.all_protocols()
    assert study.primary is None


def test_the_demo_is_the_main_job():
    study = load_study("demo", {})
    assert names(study) == ["random", "geokr", "moco"]
    assert (study.tasks, amounts(study, "demo/city"), study.seeds, study.store) == (["seg"], ["1%", "100%"], 3, "runs")


def test_options_change_the_study():
    study = ask(
        methods="moco, geokr",
        fractions="0.05,1",
        seeds=5,
        store="elsewhere",
        device="cpu",
        workers="1",
        settings=("pretrain.epochs=2", "budget=paper", "options.moco.momentum=0.5"),
    )
    assert names(study) == ["random", "moco", "geokr"]
    assert (study.fractions, study.seeds, study.store) == ([0.05, 1.0], 5, "elsewhere")
    assert (study.engine.device, study.engine.workers) == ("cpu", 1)
    moco = study.options_of("moco")
    assert (moco.epochs, moco.momentum) == (2, 0.5)


def amounts(study, protocol):
    return [amount.text for amount in study.amounts_of(load_protocol(protocol))]


def test_labels_of_a_command_stand_in_place_of_a_study_s_fractions_and_the_other_way_round(tmp_path):
    asked = ask(labels="1shot,50,1%")
    assert (None, ["1shot", "50", "1%"]) == (asked.fractions, asked.labels)
    base = write(tmp_path / "base.yaml", extends="demo", name="base", labels=["1shot", 0.1])
    assert ["1shot", "10%"] == load_study(base, {}).labels
    mine = load_study(write(tmp_path / "mine.yaml", extends="base.yaml", name="mine", fractions=[0.5]), {})
    assert ([0.5], None) == (mine.fractions, mine.labels)
    assert ([0.5], None) == ((over := load_study(base, {"fractions": [0.5]})).fractions, over.labels)


def test_labels_by_task_leave_other_tasks_their_protocols_own():
    study = ask(settings=("labels={cls: [1shot, 100%]}",))
    assert ["1shot", "100%"] == amounts(study, "demo/scenes")
    assert ["1%", "10%", "100%"] == amounts(study, "demo/city")
    assert ["1%", "100%"] == amounts(ask(), "demo/city")


def test_references_can_be_chosen_or_left_out_and_are_never_doubled():
    assert names(ask(methods="moco", no_references=True)) == ["moco"]
    assert names(ask(methods="moco,random")) == ["random", "moco"]
    assert names(ask(methods="moco", references="random, imagenet")) == ["random", "imagenet", "moco"]
    assert names(ask(methods="moco,geokr", references="geokr")) == ["geokr", "moco"]


def test_a_row_is_made_of_each_start_and_one_that_states_its_own_is_left_as_it_is(tmp_path):
    """Initialisations start where they start."""
    (tmp_path / "old.safetensors").touch()
    starts = ["random", "imagenet", str(tmp_path / "old.safetensors")]
    rows = ["imagenet", "moco", {"geokr": {"as": "geokr*", "init": "imagenet"}}]
    file = write(tmp_path / "mine.yaml", extends="demo", name="mine", methods=rows, init=starts)
    study = load_study(file, {})
    expected = ["random", "imagenet", "moco", "moco from imagenet", "moco from old", "geokr*"]
    assert expected == names(study)
    assert starts == [study.options_of(row).init for row in study.rows()[2:5]]
    assert "imagenet" == study.options_of(study.rows()[5]).init
    assert "byol" in names(load_study(file, {"methods": ["byol"], "options.byol": {"init": "imagenet"}}))


def test_the_first_start_leaves_the_row_its_name_and_a_command_picks_the_others_by_theirs(tmp_path):
    """A row that is picked is the row of the whole study: its options, its first pretraining, its keys."""
    rows = ["moco", {"moco": {"as": "other", "batch": 32, "repeat_from": 2}}]
    starts = ["random", "imagenet"]
    file = str(write(tmp_path / "mine.yaml", extends="demo", name="mine", methods=rows, init=starts))
    whole = {row.name: row for row in ask(study=file).rows()}
    (picked,) = ask(study=file, methods="other from imagenet", no_references=True).rows()
    assert whole["other from imagenet"] == picked
    assert ["moco", "moco from imagenet"] == names(ask(study=file, methods="moco", no_references=True))
    (alone,) = ask(methods="moco", init="imagenet", no_references=True).rows()
    assert ("moco", {"init": "imagenet"}) == (alone.name, alone.options)


def test_a_random_start_is_drawn_in_every_repeat_and_published_weights_are_one():
    study = ask(methods="moco,oracle,imagenet", settings=("seeds=6", "pretrain_seeds=2"))
    assert {"random": 6, "moco": 2, "oracle": 2, "imagenet": 1} == {
        row.name: study.pretrainings_of(row) for row in study.rows()
    }
    assert 6 == ask(settings=("seeds=6", "pretrain_seeds=null")).pretrainings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": "geoker"}, r"unknown method 'geoker'; did you mean geokr\? \(bench methods lists them\)"),
        ({"tasks": "sgm"}, r"unknown task 'sgm'; did you mean seg\?"),
        ({"settings": ("tasks=[]",)}, "study demo: tasks is empty: name at least one"),
        ({"backbones": "resnet19"}, "unknown backbone 'resnet19'; did you mean resnet18"),
        ({"fractions": "0"}, r"fractions\.0: .*greater than 0, got 0\.0"),
        ({"fractions": "1.5"}, r"--fractions 1\.5: .* more than all labels, a fraction lies in \(0, 1\]"),
        ({"fractions": "nan"}, r"fractions\.0: "),
        ({"fractions": "one"}, r"--fractions one: 'one' is no number in \(0, 1\]"),
        ({"labels": "5shit"}, r"labels: '5shit' is no amount of labels \(did you mean 5shot\?\): write 5shot"),
        ({"labels": "5shot", "fractions": "0.5"}, "fractions and labels both say how many labels: state one"),
        ({"settings": ("labels.sgm=[1shot]",)}, "unknown task 'sgm'"),
        ({"methods": " , "}, "--methods is empty"),
        ({"seeds": 0}, "seeds: .*greater than 0"),
        ({"references": "random", "no_references": True}, "--references and --no-references exclude each other"),
        ({"references": "randm"}, "unknown method 'randm'"),
        ({"references": "random-raw"}, "references: random-raw cannot be one: its batch norm normalises nothing"),
        ({"init": " ,"}, "--init is empty"),
        ({"init": "a/x.pth,b/x.pth"}, "init: .*two starts are called 'x' in tables: leave one out, or rename its file"),
        ({"init": "random,random"}, "two starts are called 'random'"),
        ({"settings": ("init=[]",)}, "init: .*at least 1 item"),
        ({"settings": ("init=3",)}, "init: .*valid list"),
        (
            {"settings": ("pretrain.init=imagenet",)},
            "pretrain.init: starts are a key of their own: write init: imagenet",
        ),
        ({"settings": ("pretrain_seeds=0",)}, "pretrain_seeds: .*greater than 0"),
        ({"device": "tpu"}, r"engine\.device"),
        ({"settings": ("pretrain.epochs",)}, "write it as key.path=value"),
        ({"settings": ("pretrain.epoch=2",)}, "options of geokr: unknown key 'epoch'; did you mean epochs"),
        ({"settings": ("options.geokr.alpha=2",)}, "options of geokr: alpha: .*less than or equal to 1, got 2"),
        ({"settings": ("options.moko.dim=2",)}, "unknown method 'moko'"),
        ({"settings": ("colour=red",)}, "unknown key 'colour'"),
        ({"settings": ("name.first=x",)}, "name holds a value, not keys"),
        ({"settings": ("protocols.seg=[demo/nowhere]",)}, "unknown protocol 'demo/nowhere'"),
        (
            {"study": "nowhere.yaml"},
            "unknown study 'nowhere.yaml': name a .yaml file that exists",
        ),
    ],
)
def test_a_wrong_study_is_refused_with_what_where_and_what_to_do(options, message):
    with pytest.raises(StudyError, match=message):
        ask(**options)


def test_a_file_that_is_not_a_study_is_refused(tmp_path):
    for text, message in (("[1, 2]", "must hold keys"), ("a: [", "not readable YAML"), ("name: x", "methods")):
        (tmp_path / "study.yaml").write_text(text)
        with pytest.raises(StudyError, match=message) as error:
            load_study(tmp_path / "study.yaml", {})
        assert "\n" not in str(error.value)


def test_a_study_of_ones_own_is_read_from_its_file(tmp_path):
    values = {"name": "mine", "methods": ["moco"], "backbones": ["resnet18"], "tasks": ["seg"]}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values | {"protocols": {"seg": ["demo/city"]}}))
    assert load_study(tmp_path / "mine.yaml", {}).name == "mine"


def test_the_command_names_its_options():
    text = CliRunner().invoke(run, ["--help"]).output
    for option in ("--methods", "--tasks", "--fractions", "--seeds", "--store", "--device", "--study", "--set"):
        assert option in text


def write(path, **values):
    path.write_text(yaml.safe_dump(values))
    return path


def test_a_study_says_only_what_differs_from_the_one_it_extends(tmp_path):
    write(tmp_path / "base.yaml", extends="demo", name="base", methods=["byol"], options={"moco": {"queue": 512}})
    study = load_study(write(tmp_path / "mine.yaml", extends="base.yaml", name="mine", seeds=5), {})
    demo = load_study("demo", {})
    assert (study.name, names(study), study.seeds) == ("mine", ["random", "byol"], 5)
    assert (study.labels, study.protocols) == (demo.labels, demo.protocols)
    assert study.options["moco"] == demo.options["moco"] | {"queue": 512}
    assert study.options["cmid"] == demo.options["cmid"]


def test_a_study_never_takes_the_name_of_the_one_it_extends(tmp_path):
    with pytest.raises(StudyError, match="name: Field required"):
        load_study(write(tmp_path / "mine.yaml", extends="demo", seeds=5), {})


def test_what_a_study_extends_must_be_a_study_and_not_itself(tmp_path):
    with pytest.raises(StudyError, match=r"a\.yaml extends an unknown study 'nowhere'"):
        load_study(write(tmp_path / "a.yaml", extends="nowhere", name="a"), {})
    with pytest.raises(StudyError, match=r"a\.yaml: extends must be a study's name or file, got 3"):
        load_study(write(tmp_path / "a.yaml", extends=3, name="a"), {})
    write(tmp_path / "b.yaml", extends="a.yaml", name="b")
    with pytest.raises(StudyError, match=r"a\.yaml extends itself: .*a\.yaml -> .*b\.yaml -> .*a\.yaml"):
        load_study(write(tmp_path / "a.yaml", extends="b.yaml", name="a"), {})


def test_the_leaderboard_and_the_study_of_newer_methods_have_every_method_that_needs_no_download():
    # A download, what a user brings, what fixed features of a network are compared with elsewhere, and methods of plain
    # transformers.
    apart = {"imagenet", "weights", "random-raw", "mae", "ijepa"}
    board, newer = ({row.method for row in load_study(name, {}).rows()} for name in ("leaderboard", "newer"))
    assert methods.registry.all().keys() - apart == board | newer
    assert {"random"} == board & newer


def test_the_leaderboard_has_every_task_of_the_demo_and_the_main_job():
    demo, board = load_study("demo", {}), load_study("leaderboard", {})
    assert {"geokr-shuffled", "random-again"} == {row.name for row in board.rows() if row.name != row.method}
    drawn = {
        load_protocol(name).task for name in known_protocols() if name.startswith("demo/") and name.count("/") == 1
    }
    assert set(board.tasks) == drawn <= set(tasks.registry.all())
    assert set(names(demo)) <= set(names(board))
    # As they enter keys: the board states the arithmetic that its records have.
    assert all(demo.options_of(name).identity() == board.options_of(name).identity() for name in names(demo))
    for name in ("corpus", "backbones", "labels", "budget", "views", "pretrain_seeds", "seed", "data"):
        assert getattr(demo, name) == getattr(board, name)
    assert demo.protocols["seg"] == board.protocols["seg"]


def test_a_method_may_enter_several_times_under_names_of_its_own(tmp_path):
    rows = ["moco", {"moco": {"as": "moco-b", "repeat_from": 1}}, {"moco": {"as": "narrow", "batch": 32}}]
    study = load_study(write(tmp_path / "mine.yaml", extends="demo", name="mine", methods=rows), {})
    assert ["random", "moco", "moco-b", "narrow"] == names(study)
    plain, other, narrow = (study.options_of(row) for row in study.rows()[1:])
    assert plain == other
    assert (64, 32) == (plain.batch, narrow.batch)
    assert [0, 1, 0] == [row.repeat_from for row in study.rows()[1:]]
    assert [None, "moco-b", "narrow"] == [row.label for row in study.rows()[1:]]


def test_the_command_line_picks_rows_by_the_names_that_a_study_gave_them(tmp_path):
    rows = [{"geokr": {"as": "narrow", "batch": 32}}, "moco"]
    file = write(tmp_path / "mine.yaml", extends="demo", name="mine", methods=rows)
    picked = ask(study=str(file), methods="narrow,byol")
    assert ["random", "narrow", "byol"] == names(picked)
    assert 32 == picked.options_of(picked.rows()[1]).batch


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["moco", {"moco": {"queue": 512}}], "two rows are called 'moco': give one another name with `as`"),
        ([{"moco": {"as": "random"}}, "random"], "two rows are called 'random'"),
        ([{"moco": {"as": "b", "colour": 1}}], "options of b: unknown key 'colour'"),
        ([{"moco": {"as": "b", "repeat_from": -1}}], "repeat_from"),
        ([{"moco": {}, "geokr": {}}], "a row is a method's name, or"),
        ([3], "a row is a method's name, or"),
        ([{"moko": {"as": "b"}}], "unknown method 'moko'"),
        ([{"moco": {"as": "byol"}}], "a row of moco cannot be called 'byol'"),
        ([{"moco": {"as": " "}}], "a row of moco cannot be called ' '"),
    ],
)
def test_a_row_that_cannot_be_is_refused(tmp_path, rows, message):
    with pytest.raises(StudyError, match=message):
        load_study(write(tmp_path / "mine.yaml", extends="demo", name="mine", methods=rows), {})


@pytest.mark.parametrize("by", ["file", "command"])
def test_another_engine_keeps_of_the_studys_engine_what_it_knows(tmp_path, by):
    (tmp_path / "base.yaml").write_text("extends: demo\nname: base\nengine: {workers: 3, threads: 2, device: cpu}\n")
    (tmp_path / "over.yaml").write_text("extends: base.yaml\nname: over\nengine: {kind: ray, address: 'head:6379'}\n")
    if by == "file":
        found = load_study(str(tmp_path / "over.yaml"), {}).engine
    else:
        found = load_study(str(tmp_path / "base.yaml"), {"engine.address": "head:6379", "engine.kind": "ray"}).engine
    assert ("ray", "head:6379", 2, "cpu") == (found.kind, found.address, found.threads, found.device)
    assert 3 == load_study(str(tmp_path / "base.yaml"), {"engine.kind": "local"}).engine.workers
