"""Input statistics follow the weights: into a card, out of a file, and into what is trained from them."""

import json

import pytest
import safetensors.torch
import torch
from pydantic import ValidationError

from bench import backbones
from bench.backbones import weights
from bench.backbones.normalisation import IMAGENET, UNIT, Normalisation, normalisation_of
from bench.core.errors import WeightsError
from methods.options.contrastive import MoCoOptions
from methods.options.geokr import ClassificationOptions, GeoKROptions
from methods.options.initial import ImageNetOptions

OTHER = Normalisation((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


@pytest.fixture
def folder(tmp_path):
    """Weights of a store, trained with other statistics than ImageNet's."""
    state = {"conv.weight": torch.zeros(2)}
    weights.save(tmp_path / "aa", state, {"input": OTHER.to_json()})
    return tmp_path / "aa"


def test_weights_are_loaded_with_the_statistics_of_their_card(folder):
    assert OTHER.same(weights.load(folder).input)


@pytest.mark.parametrize("card", ["{}", "{", '{"input": {"mean": [0, 0, 0]}}', '{"input": {"mean": 1, "std": 2}}'])
def test_weights_whose_card_does_not_say_them_are_refused(folder, card):
    (folder / "card.json").write_text(card)
    with pytest.raises(WeightsError):
        weights.load(folder)


def test_a_file_of_a_store_brings_the_statistics_of_the_card_beside_it(folder):
    assert OTHER.same(normalisation_of(str(folder / "backbone.safetensors")))
    (folder / "card.json").write_text("{}")
    with pytest.raises(WeightsError, match=r"does not say the input statistics of backbone\.safetensors"):
        normalisation_of(str(folder / "backbone.safetensors"))


def test_a_safetensors_header_brings_its_own(tmp_path):
    metadata = {"input": json.dumps(OTHER.to_json())}
    safetensors.torch.save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors", metadata)
    assert OTHER.same(normalisation_of(str(tmp_path / "a.safetensors")))


def test_imagenets_are_assumed_of_a_file_that_does_not_say_and_the_card_will_say_so(tmp_path):
    safetensors.torch.save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors")
    assumed = normalisation_of(str(tmp_path / "a.safetensors"))
    assert IMAGENET.same(assumed)
    assert "assumed: a.safetensors does not say its own" == assumed.to_json()["source"]


def test_stated_statistics_come_before_those_of_the_start(folder):
    file = str(folder / "backbone.safetensors")
    assert OTHER.same(MoCoOptions(init=file).normalisation())
    assert OTHER.same(ImageNetOptions(weights=file).normalisation())
    stated = MoCoOptions(init=file, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    assert ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)) == (stated.normalisation().mean, stated.normalisation().std)


def test_geokr_without_normalisation_trains_on_images_in_0_to_1():
    assert UNIT == GeoKROptions(normalise=False).normalisation()
    assert IMAGENET.same(GeoKROptions().normalisation())


def test_statistics_enter_the_key_where_they_are_not_imagenets(folder):
    plain, other = ClassificationOptions(), ClassificationOptions(init=str(folder / "backbone.safetensors"))
    assert "input" not in plain.identity()
    assert {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]} == other.identity()["input"]
    assert not {"mean", "std"} & plain.identity().keys()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mean": (0, 0, 0)}, "stated together"),
        ({"mean": (0, 0, 0), "std": (1, 0, 1)}, "std must be positive"),
        ({"mean": (0, 0, 0), "std": (1, 1, 1), "normalise": False}, "drop one of them"),
    ],
)
def test_half_statements_are_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        GeoKROptions(**values)


def test_a_backbone_has_no_statistics_of_its_own():
    assert not hasattr(backbones.build("squeezenet1_1"), "mean")


def test_the_description_of_red_green_and_blue_stays_as_it_was():
    expected = {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6], "range": [0, 1], "channels": "RGB"}
    assert expected == OTHER.to_json()


@pytest.mark.parametrize(
    ("bands", "written"),
    [((), ["1", "2", "3", "4"]), (("blue", "green", "red", "nir"), ["blue", "green", "red", "nir"])],
)
def test_other_bands_stand_in_a_card_by_name_or_by_number_and_come_back(bands, written):
    four = Normalisation((0.1, 0.2, 0.3, 0.4), (0.5, 0.5, 0.5, 0.6), "a test", bands)
    assert written == four.to_json()["channels"]
    assert four == Normalisation.from_json(four.to_json(), "a test")


@pytest.mark.parametrize(("mean", "std"), [((), ()), ((0.1, 0.2), (0.3,)), ((0.1,) * 4, (0.2,) * 3)])
def test_as_many_means_as_standard_deviations_or_none_at_all(mean, std):
    with pytest.raises(WeightsError, match="of every band"):
        Normalisation.from_json({"mean": list(mean), "std": list(std)}, "a card")
    with pytest.raises(ValidationError, match="one value a band each"):
        MoCoOptions(mean=mean, std=std)


def test_statistics_of_any_number_of_bands_can_be_stated():
    stated = MoCoOptions(mean=(0.1, 0.2, 0.3, 0.4), std=(0.5, 0.5, 0.5, 0.6))
    assert (4, 4) == (len(stated.normalisation().mean), len(stated.normalisation().bands))
