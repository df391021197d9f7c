import pytest

from bench.corpus.product import CLASSES, DROPPED, NODATA, UNKNOWN, known_products, load_product
from bench.errors import CorpusError


@pytest.mark.parametrize("name", known_products())
def test_every_shipped_product_is_named_as_its_file_and_reaches_most_classes(name):
    product = load_product(name)
    assert name == product.name
    reached = {entry.target for entry in product.codes} - {None}
    assert len(reached) >= 7


def test_globeland30_has_the_codes_of_the_product_and_the_order_of_table_ii():
    indices = load_product("globeland30").indices
    expected = {80: 0, 90: 1, 10: 2, 20: 3, 30: 4, 100: 5, 60: 6, 50: 7}
    assert expected == {code: indices[code] for code in expected}
    assert {DROPPED} == {indices[code] for code in (40, 255, *range(70, 80))}
    assert NODATA == indices[0]
    assert ("artificial surfaces", "bare land", "cultivated land", "forest") == CLASSES[:4]


def test_a_rasters_own_no_data_value_wins_over_the_legend():
    table = load_product("globeland30").lookup(20)
    assert NODATA == table[20 + 32768]
    assert UNKNOWN == table[21 + 32768]


def test_the_year_is_read_from_a_rasters_name():
    product = load_product("globeland30")
    assert 2010 == product.epoch_of("N50_30_2010LC030.tif")
    assert product.epoch_of("my_mosaic.tif") is None


def test_an_unknown_product_lists_the_known_ones():
    with pytest.raises(CorpusError, match=r"'globeland' is unknown: use one of .*globeland30"):
        load_product("globeland")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: x", "title"),
        ("- 1", "file"),
        ("name: [", "cannot be read"),
        ("name: x\ntitle: X\ncodes: [{code: 1, name: a, color: red}]", "color"),
        ("name: x\ntitle: X\ncodes: [{code: 1, name: a, color: '#ffffff'}]", "no code is mapped"),
        ("name: x\ntitle: X\nnodata: [1]\ncodes: [{code: 1, name: a, color: '#ffffff', class: forest}]", "twice"),
        ("name: x\ntitle: X\ncodes: [{code: 1, name: a, color: '#ffffff', class: woods}]", "class"),
    ],
)
def test_a_users_file_that_is_not_a_product_says_what_is_wrong_and_where(tmp_path, text, problem):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(CorpusError, match=problem) as caught:
        load_product(str(path))
    assert "own.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)
