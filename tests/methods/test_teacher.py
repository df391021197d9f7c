"""Teachers are copies that follow, and that run without what makes a student's depth random."""

import pytest
import torch
from torchvision.ops import StochasticDepth

import methods
from bench import backbones
from bench.pretraining.method import Length
from methods.teacher import teacher_of

WITH_TEACHERS = {
    "geokr": {},
    "geokr-student": {"teacher_init": "independent"},
    "moco": {"queue": 16, "dim": 8},
    "byol": {"hidden": 16, "dim": 8},
    "cmid": {"queue": 16, "dim": 8, "hidden": 16, "prototypes": 6, "cell": 16},
    "gersp": {"queue": 16, "dim": 8},
}


def depths(network: torch.nn.Module) -> list[float]:
    return [module.p for module in network.modules() if isinstance(module, StochasticDepth)]


@pytest.mark.parametrize("name", WITH_TEACHERS)
def test_a_swin_teacher_runs_without_stochastic_depth_and_its_student_keeps_it(name, corpus, labelled):
    """Swin-T has twelve blocks, whose probability rises to 0.2."""
    spec = methods.get(name)
    more = {"labelled": str(labelled)} if name == "gersp" else {}
    options = spec.options.model_validate({"batch": 4, "size": 32, **spec.defaults, **WITH_TEACHERS[name], **more})
    model = spec.load()(backbones.build("swin_t"), options, corpus, Length(4, 2))
    assert [0.0] * len(depths(model.backbone)) == depths(model.teacher)
    assert max(depths(model.backbone)) == pytest.approx(0.2)


def test_a_swin_teacher_in_training_mode_gives_the_same_twice_and_its_student_does_not():
    torch.manual_seed(0)
    student = backbones.build("swin_t").train()
    teacher = teacher_of(student)
    images = torch.rand(4, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(teacher(images)[-1], teacher(images)[-1])
        assert not torch.equal(student(images)[-1], student(images)[-1])
        assert torch.allclose(student.eval()(images)[-1], teacher(images)[-1], atol=1e-5)


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "squeezenet1_1"])
def test_a_teacher_of_another_network_is_its_plain_copy(name):
    student = backbones.build(name).train()
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(student(images)[-1], teacher_of(student)(images)[-1])
