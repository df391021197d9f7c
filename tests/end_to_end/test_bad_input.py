"""A user's mistake is one line that says what, where and what to do, with exit code 2, and costs nothing done."""

import json
import os

import pytest
import yaml
from running import bench, records


def refused(*arguments):
    done = bench(*arguments)
    assert done.returncode == 2, (done.stdout, done.stderr)
    lines = [line for line in done.stderr.splitlines() if line]
    assert lines[-1].startswith("bench: "), done.stderr
    assert "Traceback" not in done.stderr
    return lines[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "geokrr"], "unknown method 'geokrr'; did you mean geokr? (bench methods lists them)"),
        (["--tasks", "segm"], "unknown task 'segm'"),
        (["--backbones", "resnet81"], "unknown backbone 'resnet81'; did you mean resnet18?"),
        (["--backbones", "timm:resnet81"], "unknown backbone 'timm:resnet81'; did you mean timm:resnet18?"),
        (["--backbones", "timm:vgg16", "--methods", "cmid"], "cmid adds a mask token after the stem, and the stem of "),
        (["--fractions", "0,1"], "fractions.0"),
        (["--labels", "5shit"], "'5shit' is no amount of labels (did you mean 5shot?): write 5shot"),
        (["--labels", "1shot", "--fractions", "1"], "fractions and labels both say how many labels: state one of them"),
        (["--labels", "100000"], ": 100000 labels are asked, its training part has "),
        (["--labels", "9999shot"], ": 9999shot asks for 9999 samples of each class, its training part has "),
        (["--methods", ","], "--methods is empty"),
        (["--datasets", "potsdam"], "no asked protocol has data set 'potsdam': choose from demo-scenes"),
        (["--set", "pretrain.batch=100000"], "batch=100000 is larger than the corpus"),
        (["--set", "options.moco.queue=100000"], "queue=100000 is larger than the corpus"),
        (["--set", "corpus=nowhere"], "nowhere"),
        (["--set", "options.geokr.land_cover=rotated"], "built without: build it with bench corpus build --controls"),
        (["--set", "options.geokr.land_cover=noisy"], "land_cover=noisy and noise_share go together"),
        (["--set", "corpus=null"], "needs a corpus"),
        (["--set", "budget={epochs: 5}"], "a budget is `paper`, or one of {views: N}, {tiles: N}"),
        (["--set", "budget.views=10"], "epochs=2 beside the study's budget of 10 views"),
        (["--set", "data.demo-scenes=nowhere"], "no prepared data set at nowhere"),
    ],
)
def test_a_wrong_run_is_refused_and_the_store_stays(arguments, message, finished, study):
    before = records(finished[0])
    assert message in refused("run", "--study", study, "--store", finished[0], *arguments)
    assert before == records(finished[0])


def test_a_method_whose_needs_the_corpus_does_not_meet_is_refused(study, tmp_path):
    from bench.corpus.build.pipeline import build_corpus

    scenes = next(study.parent.glob("demo-world-*")) / "scenes"
    corpus = build_corpus(scenes, None, None, tmp_path / "plain", size=64)
    line = refused("run", "--study", study, "--store", tmp_path / "store", "--set", f"corpus={corpus.path}")
    assert "geokr needs landcover" in line
    assert not (tmp_path / "store").exists()


class Payload:
    """Would leave a file behind if it were unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_weights_that_the_backbone_cannot_start_from_are_refused_before_anything_trains(study, tmp_path):
    """Here of another backbone and with a pickle payload; every kind is in tests/backbones/test_initial.py."""
    import torch
    from torchvision.models import get_model

    state = get_model("squeezenet1_1").state_dict()
    contents = {
        "belong to another backbone": state,
        "nothing was run": state | {"payload": Payload(tmp_path / "payload-ran")},
    }
    for message, content in contents.items():
        torch.save(content, tmp_path / "weights.pth")
        line = refused("run", "--study", study, "--store", tmp_path / "store", "--init", tmp_path / "weights.pth")
        assert message in line
        assert str(tmp_path / "weights.pth") in line
    assert not (tmp_path / "store").exists()
    assert not (tmp_path / "payload-ran").exists()


def test_a_store_of_a_newer_version_is_refused(study, tmp_path):
    (tmp_path / "store.json").write_text(json.dumps({"schema": 2}))
    for command in ("run", "plan"):
        assert "has schema 2, this version reads up to 1: upgrade" in refused(
            command, "--study", study, "--store", tmp_path
        )


def test_a_prepared_set_of_a_newer_version_is_refused(study, tmp_path):
    values = yaml.safe_load(study.read_text())
    index = study.parent / "pictures" / "index.json"
    newer = json.loads(index.read_text()) | {"schema": 99}
    (tmp_path / "index.json").write_text(json.dumps(newer))
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(values | {"data": {"demo-scenes": str(tmp_path)}}))
    line = refused("run", "--study", tmp_path / "study.yaml", "--store", tmp_path / "store")
    assert "has schema 99" in line


def test_an_unknown_command_is_refused():
    done = bench("rnu")
    assert done.returncode == 2
    assert "bench: unknown command 'rnu'; did you mean run? (bench --help lists them)\n" == done.stderr
