"""Land-cover products of other packages: installed beside the harness, listed, shown and built from."""

import json
import os

import pytest
import yaml
from running import bench

from bench.core.errors import CorpusError
from bench.corpus.landcover.registry import PRODUCTS, ProductSpec, registry

# GlobeLand30's codes of the test world, with artificial surfaces called bare land.
CODES = [
    {"code": code, "name": name, "color": "#123456", "class": name}
    for code, name in ((10, "cultivated land"), (20, "forest"), (60, "water bodies"), (80, "bare land"))
]
OWN = {"name": "hills", "title": "Hills of Mars", "resolution": "30 m", "source": "a drone", "codes": CODES}
FILES = {
    "hills/__init__.py": """
from pathlib import Path

from bench.corpus.landcover.registry import ProductSpec, load_product

file = str(Path(__file__).parent / "hills.yaml")
first = ProductSpec(name="hills", summary="Hills.", factory=file)
second = ProductSpec(name="dales", summary="Dales.", factory="hills:dales")


def __getattr__(name):
    if name != "dales":
        raise AttributeError(name)
    return load_product("globeland30").model_copy(update={"name": "dales"})
""",
    "hills/hills.yaml": yaml.safe_dump(OWN),
    "hills-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: hills\nVersion: 1.0\n",
    "hills-1.0.dist-info/entry_points.txt": "[geokr_bench.products]\nhills = hills:first\ndales = hills:second\n",
}


@pytest.fixture
def installed(tmp_path):
    """Run the command line where a package with products of its own is installed."""
    for name, text in FILES.items():
        path = tmp_path / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "packages")}
    return lambda *arguments: bench(*arguments, env=environment)


def test_the_shipped_products_are_the_files_of_the_folder():
    assert PRODUCTS.names() == list(registry.all())
    for name, spec in registry.all().items():
        product = spec.load()
        assert (name, spec.summary) == (product.name, product.title)


def test_another_packages_products_are_listed_after_the_shipped_ones(installed):
    listed = installed("products", "--json")
    assert 0 == listed.returncode, listed.stderr
    entries = json.loads(listed.stdout)
    assert {*PRODUCTS.names(), "hills", "dales"} == entries.keys()
    expected = {"summary": "Hills.", "resolution": "30 m", "classes": "4 of 8, from 4 codes", "source": "a drone"}
    assert expected == entries["hills"]
    assert "8 of 8, from 11 codes" == entries["dales"]["classes"]
    shown = installed("products", "show", "hills")
    assert shown.stdout.startswith("hills: Hills.\n")


def test_a_corpus_is_built_from_another_packages_product(installed, world):
    out = world / "corpus"
    built = installed(
        *("corpus", "build", "--scenes", world / "scenes", "--landcover", world / "landcover"),
        *("--product", "hills", "--out", out, "--size", "64", "--workers", "1"),
    )
    assert 0 == built.returncode, built.stderr
    manifest = json.loads((out / "corpus.json").read_text())
    assert "Hills of Mars" == manifest["product"]["title"]
    assert manifest["counts"]["class"]["bare land"] > 0
    assert 0 == manifest["counts"]["class"].get("artificial surfaces", 0)


def test_an_unknown_product_is_one_line_with_the_nearest_names(installed):
    refused = installed("products", "show", "hill")
    assert 2 == refused.returncode
    (line,) = refused.stderr.splitlines()
    assert "unknown land-cover product 'hill'; did you mean hills?" in line


@pytest.mark.parametrize(
    ("name", "factory", "said"),
    [
        ("other", str(PRODUCTS.find("corine")), r"corine\.yaml is the land-cover product 'corine', listed as 'other'"),
        ("other", "bench.core.configs:ENDINGS", "is not a land-cover product: name a .yaml file, or a Product"),
        ("other", "/nowhere/other.yaml", r"/nowhere/other\.yaml is not readable YAML"),
    ],
)
def test_a_spec_that_names_something_else_is_refused_when_it_is_used(name, factory, said):
    with pytest.raises(CorpusError, match=said):
        ProductSpec(name=name, summary="", factory=factory).load()
