"""One family of views for all methods, as they are really made; and the methods' own, as they were."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from networks import network_of
from pydantic import ValidationError

import methods
from bench import backbones
from bench.core.errors import StudyError
from bench.pretraining.method import Batch, Length
from bench.pretraining.views import COMMON, JitterStrength, describe, upright, whole
from bench.studies.loading import load_study
from methods.augment import recipes
from methods.augment.views import View

TRAINED = [name for name, spec in methods.registry.all().items() if spec.trains]
# What a loss cannot bear; a method that is not named here has the whole family.
LESS = {
    **{name: [whole(COMMON)] for name in TRAINED if name.startswith(("geokr", "landcover"))},
    "gersp": [COMMON, COMMON, upright(COMMON)],
    "supervised": [upright(COMMON)],
}
GEOKR = recipes.geokr(JitterStrength(0.3, 0.5, 0.5, 0.3))
OWN = {
    **{name: {"tile": GEOKR} for name in TRAINED if name.startswith("geokr")},
    "moco": {"both": recipes.MOCO_V2},
    "simclr": {"both": recipes.SIMCLR},
    "byol": {"first": recipes.BYOL_1, "second": recipes.BYOL_2},
    "mae": {"image": recipes.MAE},
    "ijepa": {"image": recipes.IJEPA},
    "cmid": {"weak": recipes.CMID_WEAK, "strong": recipes.CMID_STRONG},
    "gersp": {"tiles": recipes.GERSP, "pictures": recipes.GERSP},
    "supervised": {"pictures": recipes.SUPERVISED},
    "softcon": {"both": recipes.MOCO_V2},
    "dino": {"first": recipes.DINO_1, "second": recipes.DINO_2},
    "vicreg": {"both": recipes.VICREG},
    "barlowtwins": {"first": recipes.BYOL_1, "second": recipes.BYOL_2},
    "simsiam": {"both": recipes.MOCO_V2},
    "densecl": {"both": recipes.MOCO_V2},
    **{name: {"tile": GEOKR} for name in TRAINED if name.startswith("landcover")},
}
SMALL = {"batch": 4, "size": 32, "precision": "fp32", "queue": 16, "dim": 8, "hidden": 8, "prototypes": 6, "cell": 16}
SMALL |= {"out_dim": 6, "bottleneck": 8}


def options_of(name, labelled=None, **chosen):
    spec = methods.get(name)
    known = {key: value for key, value in SMALL.items() if key in spec.options.model_fields}
    more = {"labelled": str(labelled)} if labelled and "labelled" in spec.needs else {}
    return spec.options.model_validate({**spec.defaults, **known, **more, **chosen})


def used_in_a_step(name, corpus, labelled, monkeypatch, **chosen):
    """The recipes by which views are made in one step of a method, in their order."""
    made = []
    apply = View.apply

    def watched(view, images, drawn):
        made.append(view.recipe)
        return apply(view, images, drawn)

    monkeypatch.setattr(View, "apply", watched)
    torch.manual_seed(0)
    method = methods.get(name).load()(
        backbones.build(network_of(name, "squeezenet1_1")), options_of(name, labelled, **chosen), corpus, Length(4, 2)
    )
    images = torch.from_numpy(corpus.tiles(np.arange(4))).permute(0, 3, 1, 2)
    landcover = torch.tensor(corpus.landcover[:4])
    losses = method.train()(Batch(images, landcover, torch.Generator().manual_seed(1), torch.arange(4)))
    assert all(loss.isfinite() for loss in losses.values())
    return made


@pytest.mark.parametrize("name", TRAINED)
def test_every_method_makes_views_of_one_family_less_what_its_loss_cannot_bear(name, corpus, labelled, monkeypatch):
    made = used_in_a_step(name, corpus, labelled, monkeypatch, views="common")
    expected = LESS.get(name, [COMMON])
    assert set(expected) == set(made)
    assert set(options_of(name, views="common").augmentation().recipes.values()) == set(made)
    assert "" != options_of(name, views="common").augmentation().needs


@pytest.mark.parametrize("name", TRAINED)
def test_a_methods_own_views_are_those_of_its_paper_and_of_its_table(name, corpus, labelled, monkeypatch):
    made = used_in_a_step(name, corpus, labelled, monkeypatch)
    assert OWN[name] == options_of(name).augmentation().recipes
    assert set(OWN[name].values()) == set(made)


def test_the_family_has_any_arrangement_of_a_square_a_crop_and_mild_colours_and_no_more():
    expected = {
        "crop": "0.2 to 1",
        "left-right": "0.5",
        "up-down": "0.5",
        "quarter turns": "any",
        "jitter": "0.4 0.4 0.4 0.1 at 0.8",
        "grey": "0.2",
        **dict.fromkeys(["blur", "noise", "solarise", "masks"], "-"),
    }
    told = describe(options_of("moco", views="common").augmentation())
    assert expected.items() <= told.items()
    assert (0.25, 0.25, 0.25, 0.25) == COMMON.turns


STATED = [(name, option) for name in TRAINED for option in sorted(methods.get(name).options.OWN)]


@pytest.mark.parametrize(("name", "option"), STATED)
def test_an_option_that_would_change_nothing_is_refused_beside_common_views_even_at_its_default(name, option):
    default = methods.get(name).options.model_fields[option].default
    with pytest.raises(ValidationError, match=f"views=common replaces .* {option} would change: leave it out"):
        options_of(name, views="common", **{option: default})


def test_the_refusal_names_the_row_and_all_idle_options_in_one_line():
    asked = {"methods": ["geokr"], "references": [], "views": "common", "options.geokr.brightness": 0.1}
    with pytest.raises(
        StudyError,
        match=r"^options of geokr: views=common .* brightness, hue would change: leave them out, or set views",
    ) as caught:
        load_study("demo", asked | {"options.geokr.hue": 0.1})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", TRAINED)
def test_what_common_views_put_aside_is_not_in_a_key_and_does_not_come_back_in_a_worker(name, labelled):
    options = options_of(name, labelled, views="common")
    assert "common" == options.identity()["views"]
    assert not type(options).OWN & options.identity().keys()
    again = type(options).model_validate(options.model_dump(mode="json"))
    assert options.identity() == again.identity()
    assert options.augmentation() == again.augmentation()


@pytest.mark.parametrize("name", TRAINED)
def test_the_keys_of_a_methods_own_views_name_no_family_and_all_their_options(name, labelled):
    options = options_of(name, labelled)
    assert "views" not in options.identity()
    assert type(options).OWN <= options.identity().keys()


def test_classification_of_tiles_changes_the_bands_that_are_colours_wherever_they_stand(corpus):
    """It took the first three bands for red, green and blue."""

    class Reordered:
        classes, landcover, dominant, supervision = corpus.classes, corpus.landcover, corpus.dominant, "true"
        mean, std = corpus.mean, corpus.std
        bands = replace(corpus.bands, names=("blue", "green", "red"))

    length = Length(2, 1)
    built = methods.get("geokr-classification").load()(
        backbones.build("squeezenet1_1"), options_of("geokr-classification"), Reordered(), length
    )
    assert (2, 1, 0) == built.view.colours
