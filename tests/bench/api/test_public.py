"""What `import bench as gb` offers: quick to import, typed, documented, and nothing but what is said."""

import inspect
import re
import subprocess
import sys

import pytest
from running import ROOT

import bench as gb

FUNCTIONS = [name for name in gb.__all__ if inspect.isfunction(getattr(gb, name))]


def python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout


def test_the_import_itself_imports_nothing_heavy():
    code = "import sys, bench; print({'torch', 'pandas', 'pydantic', 'click', 'numpy'} & sys.modules.keys())"
    assert "set()\n" == python(code)


def test_studies_and_plans_are_had_without_torch_or_pandas():
    code = "import sys, bench as gb; gb.study('demo'); gb.run; gb.plan; print({'torch', 'pandas'} & sys.modules.keys())"
    assert "set()\n" == python(code)


def test_a_name_that_is_not_public_is_an_attribute_error_and_all_others_complete():
    assert set(gb.__all__) <= set(dir(gb))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        gb.nothing  # noqa: B018 - the access is what is tested


def test_type_checkers_are_told_of_the_same_names():
    text = (ROOT / "bench" / "__init__.py").read_text()
    told = {
        name for names in re.findall(r"^    from [\w.]+ import (.+)$", text, re.MULTILINE) for name in names.split(", ")
    }
    assert told == set(gb.__all__) - {"__version__"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_is_typed_and_every_argument_is_explained(name):
    found = getattr(gb, name)
    signature = inspect.signature(found)
    assert signature.return_annotation is not inspect.Signature.empty
    for argument, parameter in signature.parameters.items():
        assert parameter.annotation is not inspect.Parameter.empty
        assert re.search(rf"^\s+{argument}: ", found.__doc__, re.MULTILINE), argument


def test_every_public_name_stands_on_its_page():
    page = (ROOT / "docs" / "api.md").read_text()
    assert [] == [name for name in gb.__all__ if not re.search(rf"`(gb\.)?{name}\b", page)]
