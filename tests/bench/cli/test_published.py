"""Published weights are listed with their licence, fetched under it, and held against their sum."""

import json

import foreign_checkpoints as made
import pytest
from click.testing import CliRunner
from hosted_weights import hosting

from bench.backbones.fetching import fetch
from bench.backbones.normalisation import published_with
from bench.cli.weights import weights
from bench.core import published
from bench.core.bands import RGB, Bands
from bench.core.errors import WeightsError
from methods.options.weights import WeightsOptions


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def hosted(home, tmp_path):
    """A checkpoint and the server that it lies behind; a table of the user's own names it."""
    with hosting(tmp_path / "www", home) as both:
        yield both


@pytest.fixture
def served(hosted):
    return hosted[0]


def ask(*arguments, **options):
    return CliRunner().invoke(weights, arguments, catch_exceptions=False, **options)


def test_every_entry_says_where_it_lies_under_which_licence_and_what_it_saw():
    listed = json.loads(ask("list", "--published", "--json").output)
    assert {"imagenet-tv1-resnet18", "imagenet-a1-resnet50", "ssl4eo-s12-moco-resnet50", "seco-resnet50"} <= set(listed)
    text = ask("list", "--published").output
    for name, entry in listed.items():
        assert f"hub:{name}: {entry['title']}" in text
        assert len(entry["input"]["mean"]) == len(entry["input"]["std"]) == len(entry["channels"])
        assert entry["sha256"] in entry["url"]


def test_a_file_is_fetched_once_its_licence_is_accepted(served, home):
    refused = ask("fetch", "mine", input="n\n")
    assert "is published under: CC-BY-4.0" in refused.output
    assert 0 != refused.exit_code
    assert not published.find("mine").path.exists()
    done = ask("fetch", "mine", input="y\n")
    assert 0 == done.exit_code
    assert served.read_bytes() == published.find("mine").path.read_bytes()
    assert "is there already" in ask("fetch", "hub:mine").output
    assert {"mine.yaml", "mine.tar"} == {path.name for path in (home / "weights").iterdir()}


@pytest.mark.usefixtures("served")
def test_a_file_of_another_sum_is_not_kept(home):
    with pytest.raises(WeightsError, match=r"has 00000000: it was changed, or is another; nothing is kept"):
        ask("fetch", "torn", "--accept-licence")
    assert ["mine.yaml"] == [path.name for path in (home / "weights").iterdir()]


def test_a_file_that_breaks_off_goes_on_where_it_was(hosted, home, monkeypatch):
    monkeypatch.setattr("bench.core.web.LONGEST_PAUSE", 0.01)
    file, server = hosted
    server.faults["cut short"] = 3
    assert 0 == ask("fetch", "mine", "--accept-licence").exit_code
    assert file.read_bytes() == published.find("mine").path.read_bytes()
    assert file.stat().st_size == server.sent
    assert 4 == server.asked["file"]
    assert {"mine.yaml", "mine.tar"} == {path.name for path in (home / "weights").iterdir()}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9/x.pth", r"x\.pth cannot be read .* put the file at .*mine\.pth yourself"),
        ("http://example.org/x.pth", "only https is"),
    ],
)
@pytest.mark.usefixtures("served")
def test_an_address_that_cannot_be_read_is_said(url, said, monkeypatch):
    monkeypatch.setattr("bench.core.web.LONGEST_PAUSE", 0.01)
    entry = published.find("mine").model_copy(update={"url": url})
    with pytest.raises(WeightsError, match=said):
        fetch(entry, lambda *_: None)


def test_where_an_address_leads_is_held_to_the_same_rules(hosted):
    _, server = hosted
    entry = published.find("mine").model_copy(update={"url": f"{server.root}/moved/x.pth"})
    with pytest.raises(WeightsError, match=r"example\.org/elsewhere.tif is not read"):
        fetch(entry, lambda *_: None)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(WeightsError, match=r"did you mean imagenet-tv1-resnet50\? \(bench weights list --published"):
        published.find("imagenet-tv1-resnet5")


def test_a_table_that_says_too_little_is_refused(home):
    (home / "weights").mkdir(parents=True)
    (home / "weights" / "mine.yaml").write_text("mine: {url: ftp://x}")
    with pytest.raises(WeightsError, match=r"mine\.yaml: mine"):
        published.tables()


def test_a_row_takes_place_channels_and_statistics_from_the_table(served):
    options = WeightsOptions(file="hub:mine")
    with pytest.raises(WeightsError, match=r"fetch it with bench weights fetch mine"):
        options.path()
    ask("fetch", "mine", "--accept-licence")
    own = WeightsOptions(file=str(served))
    assert own.identity() == options.identity()
    assert "published with mine" == options.normalisation().source
    assert options.normalisation().mean == pytest.approx(own.normalisation().mean)
    assert 1 == options.loaded(made.NETWORK, RGB).values["loaded_share"]


def test_statistics_of_reflectance_are_those_of_16_bit_images_alone():
    entry = published.find("ssl4eo-s12-moco-resnet50-rgb")
    assert published_with(entry, "uint8") is None
    used = published_with(entry, "uint16")
    assert ((0, 0, 0), pytest.approx(10000 / 65535)) == (used.mean, used.std[0])
    assert Bands(values="uint16").names == used.bands
