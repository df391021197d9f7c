import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bench.core.documents import parse, read_json
from bench.core.errors import CorpusError, DataError, StoreError


class Inner(BaseModel):
    side: int = Field(gt=0)


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    inner: list[Inner] = []

    @model_validator(mode="after")
    def _is_named(self):
        if self.name == "nobody":
            raise ValueError("somebody must be named")
        return self


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"name": "a", "inner": [{"side": 1}, {"side": -2}]}, "inner.1.side: Input should be greater than 0, got -2"),
        ({}, "name: Field required"),
        ({"name": "nobody"}, "somebody must be named"),
        ({"name": "a", "colour": "red"}, "unknown key 'colour': choose from name, inner"),
        ([], "Input should be a valid dictionary or instance of Model, got []"),
    ],
)
def test_what_a_model_refuses_is_said_with_its_place_and_value(values, line):
    with pytest.raises(StoreError) as caught:
        parse(Model, values, "here.json", StoreError)
    assert f"here.json: {line}" == str(caught.value)


def test_a_long_value_is_cut_so_that_the_message_is_one_readable_line():
    with pytest.raises(StoreError) as caught:
        parse(Model, {"name": "a", "inner": "x\n" * 1000}, "here.json", StoreError)
    assert len(str(caught.value)) < 150
    assert "\n" not in str(caught.value)


def test_values_that_fit_become_the_model():
    assert Model(name="a", inner=[Inner(side=3)]) == parse(Model, {"name": "a", "inner": [{"side": 3}]}, "x", DataError)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"schema": 4}', "has schema 4, this version reads up to 3: upgrade geokr-bench"),
        ('{"schema": 1}', "has schema 1, this version reads from 2 on: make it again"),
        ('{"schema": "3"}', "has schema '3', this version reads from 2 on: make it again"),
        ("{}", "has schema None, this version reads from 2 on: make it again"),
        ("[]", "must hold keys and values: make it again"),
        ("{", "cannot be read (Expecting property name"),
        ("[" * 100_000, "cannot be read ("),
        ("\x00", "cannot be read ("),
    ],
)
def test_a_document_that_this_version_cannot_read_is_refused_in_one_line(tmp_path, text, said):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(CorpusError) as caught:
        read_json(path, CorpusError, "make it again", (2, 3))
    assert str(caught.value).startswith(f"{path} {said}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("schema", [2, 3])
def test_a_document_between_the_oldest_and_the_newest_schema_is_read(tmp_path, schema):
    (tmp_path / "a.json").write_text(f'{{"schema": {schema}}}')
    assert {"schema": schema} == read_json(tmp_path / "a.json", CorpusError, "make it again", (2, 3))


def test_a_document_without_schemas_is_read_as_it_is(tmp_path):
    (tmp_path / "a.json").write_text('{"schema": 99}')
    assert {"schema": 99} == read_json(tmp_path / "a.json", DataError, "make it again")
