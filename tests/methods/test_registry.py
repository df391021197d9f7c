"""The registry of methods: complete, torch-free, with sources for every option."""

import subprocess
import sys

import pytest

import methods
from bench.pretraining.method import Method
from methods.geokr import GeoKR

NAMES = list(methods.registry.all())


def test_every_method_of_the_papers_is_there():
    assert set(NAMES) >= {
        *("random", "imagenet", "geokr", "geokr-student", "geokr-representation", "geokr-classification"),
        *("moco", "simclr", "byol", "cmid", "gersp"),
        *("softcon", "dino", "vicreg", "barlowtwins", "simsiam", "densecl"),
        *("random-raw", "image-stats", "mosaiks"),
    }


def test_listing_methods_imports_no_torch():
    code = "import sys, methods; methods.registry.all(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_loads_its_class_and_its_defaults_are_options(name):
    spec = methods.get(name)
    assert callable(spec.load())
    assert spec.learns_protocol or issubclass(spec.load(), Method)
    assert spec.options.model_validate(spec.defaults).model_dump().items() >= spec.defaults.items()
    assert spec.trains == ("tiles" in spec.needs and spec.network is None)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_has_a_meaning_and_a_source(name):
    for option, field in methods.get(name).options.model_fields.items():
        assert field.description, option
        assert isinstance(field.json_schema_extra, dict), option
        assert field.json_schema_extra["source"], option


def test_the_ablations_of_table_x_differ_as_the_table_says():
    def options(name):
        spec = methods.get(name)
        return spec.options.model_validate(spec.defaults)

    assert all(methods.get(name).load() is GeoKR for name in ("geokr", "geokr-student", "geokr-representation"))
    assert (options("geokr").export, options("geokr").consistency) == ("teacher", "paper")
    assert (options("geokr-student").export, options("geokr-student").consistency) == ("student", "paper")
    assert options("geokr-representation").consistency == "none"


def test_compiling_and_file_names_do_not_change_a_key(tmp_path):
    options = methods.get("simclr").options
    assert options(compile=True).identity() == options().identity()
    (tmp_path / "a.pth").write_bytes(b"1")
    (tmp_path / "b.pth").write_bytes(b"1")
    a, b = (options(init=str(tmp_path / name)).identity() for name in ("a.pth", "b.pth"))
    assert a == b != options().identity()
