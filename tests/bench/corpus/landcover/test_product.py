import pytest

from bench.core.errors import CorpusError, StudyError
from bench.corpus.landcover.product import CLASSES, DROPPED, NODATA, UNKNOWN
from bench.corpus.landcover.registry import PRODUCTS, load_product

PUBLISHED = {
    "cgls-lc100": {20, 30, 40, 50, 60, 70, 80, 90, 100, *range(111, 117), *range(121, 127), 200},
    "corine": {
        *range(1, 45),
        *(111, 112, 121, 122, 123, 124, 131, 132, 133, 141, 142),
        *(211, 212, 213, 221, 222, 223, 231, 241, 242, 243, 244),
        *(311, 312, 313, 321, 322, 323, 324, 331, 332, 333, 334, 335),
        *(411, 412, 421, 422, 423, 511, 512, 521, 522, 523),
    },
    "esa-worldcover": {10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100},
    "from-glc10": {10, 20, 30, 40, 50, 60, 70, 80, 90, 100},
    "globeland30": {10, 20, 30, 40, 50, 60, *range(70, 80), 80, 90, 100, 255},
    "io-lulc": {1, 2, 4, 5, 7, 8, 9, 11},
    "nlcd": {11, 12, 21, 22, 23, 24, 31, 41, 42, 43, 51, 52, 71, 72, 73, 74, 81, 82, 90, 95},
}
"""Codes by product, from the documents that its file names."""

DROPPED_NAMES = {
    "cgls-lc100": {"shrubs", "moss and lichen", "oceans and seas"},
    "corine": {
        *("moors and heathland", "sclerophyllous vegetation", "transitional woodland-shrub"),
        *("burnt areas", "sea and ocean"),
    },
    "esa-worldcover": {"shrubland", "moss and lichen"},
    "from-glc10": {"shrubland", "tundra"},
    "from-glc30": {"shrubland", "tundra", "cloud"},
    "globeland30": {"shrubland", "tundra", "sea"},
    "io-lulc": set(),
    "io-lulc-terramind": set(),
    "nlcd": {
        *("dwarf scrub (Alaska)", "shrub and scrub"),
        *("sedge and herbaceous (Alaska)", "lichens (Alaska)", "moss (Alaska)"),
    },
}
"""What has no place among the paper's eight classes (docs/decisions/014)."""

PUBLISHED_FILES = [
    ("cgls-lc100", "PROBAV_LC100_global_v3.0.1_2019-nrt_Discrete-Classification-map_EPSG-4326.tif", 2019),
    ("cgls-lc100", "E000N60_PROBAV_LC100_global_v3.0.1_2018-conso_Discrete-Classification-map_EPSG-4326.tif", 2018),
    ("cgls-lc100", "E020N60_ProbaV_LC100_epoch2015_global_v2.0.2_discrete-classification_EPSG-4326.tif", 2015),
    ("corine", "U2018_CLC2018_V2020_20u1.tif", 2018),
    ("corine", "U2006_CLC2000_V2020_20u1.tif", 2000),
    ("corine", "CLC2018_CLC2018_V2018_20b2.tif", 2018),
    ("corine", "CLC2012ACC_V2018_20.tif", 2012),
    ("esa-worldcover", "ESA_WorldCover_10m_2020_v100_N66E177_Map.tif", 2020),
    ("esa-worldcover", "ESA_WorldCover_10m_2021_v200_S03W060_Map.tif", 2021),
    ("from-glc10", "fromglc10v01_-26_120.tif", None),
    ("globeland30", "n50_30_2020lc030.tif", 2020),
    ("globeland30", "N43_35_2010LC030.tif", 2010),
    ("globeland30", "s23_20_2000lc030.tif", 2000),
    ("io-lulc", "38T_20210101-20220101.tif", 2021),
    ("io-lulc", "36K_2019.tif", 2019),
    ("nlcd", "nlcd_2021_land_cover_l48_20230630.img", 2021),
    ("nlcd", "NLCD_2016_Land_Cover_L48_20190424.img", 2016),
    ("nlcd", "nlcd_2011_landcover_2011_edition_2014_10_10.img", 2011),
    ("nlcd", "AK_NLCD_2001_land_cover_3-13-08_se5.img", 2001),
    ("nlcd", "Annual_NLCD_LndCov_2023_CU_C1V0.tif", 2023),
]

OTHER_LAYERS = [
    ("cgls-lc100", "PROBAV_LC100_global_v3.0.1_2019-nrt_Discrete-Classification-proba_EPSG-4326.tif"),
    ("esa-worldcover", "ESA_WorldCover_10m_2021_v200_N39E012_InputQuality.tif"),
    ("cgls-lc100", "ProbaV_LC100_epoch2015_global_v2.0.2_discrete-classification-proba_EPSG-4326.tif"),
    ("corine", "U2018_CHA1218_V2020_20u1.tif"),
    ("nlcd", "nlcd_2006_to_2011_landcover_fromto_change_index_2011_edition_2014_10_10.img"),
    ("nlcd", "Annual_NLCD_LndChg_2023_CU_C1V0.tif"),
    ("nlcd", "nlcd_2021_impervious_l48_20230630.img"),
]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_codes_are_those_that_the_publisher_lists(name):
    codes = [value for entry in load_product(name).codes for value in entry.values]
    assert PUBLISHED[name] == set(codes)
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("name", PRODUCTS.names())
def test_every_code_is_mapped_or_named_as_dropped(name):
    product = load_product(name)
    assert DROPPED_NAMES[name] == {entry.name for entry in product.codes if entry.target is None}
    assert {NODATA} == {product.indices[value] for value in product.nodata}


@pytest.mark.parametrize("name", PRODUCTS.names())
def test_a_colour_stands_for_one_name(name):
    product = load_product(name)
    names = {}
    for entry in product.codes:
        names.setdefault(entry.color.lower(), set()).add(entry.name)
    assert [] == [shared for shared in names.values() if len(shared) > 1]


def test_the_two_kinds_of_corine_codes_agree():
    codes = load_product("corine").codes
    short, long = (
        sorted((e for e in codes if (e.code > 44) == large), key=lambda e: e.code) for large in (False, True)
    )
    assert [(e.name, e.color, e.target) for e in short] == [(e.name, e.color, e.target) for e in long]


@pytest.mark.parametrize(("name", "file", "year"), PUBLISHED_FILES)
def test_the_files_as_downloaded_are_recognised(name, file, year):
    product = load_product(name)
    assert product.is_named(file)
    assert year == product.epoch_of(file)
    assert year is None or not product.epochs or year in product.epochs or "Annual" in file


@pytest.mark.parametrize(("name", "file"), OTHER_LAYERS)
def test_other_layers_of_a_product_are_not_taken_for_its_codes(name, file):
    assert not load_product(name).is_named(file)


@pytest.mark.parametrize("name", PRODUCTS.names())
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
    with pytest.raises(
        StudyError,
        match=r"unknown land-cover product 'globeland'; did you mean globeland30\? \(bench products lists them\)",
    ):
        load_product("globeland")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: x", "title"),
        ("- 1", "must hold keys and values"),
        ("name: [", "is not readable YAML"),
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


OWN = "name: own\ntitle: Own\ncodes: [{code: 1, name: wood, color: '#00ff00', class: forest}]\n"


@pytest.mark.parametrize("suffix", ["yaml", "yml"])
def test_a_users_file_has_either_suffix(tmp_path, suffix):
    (tmp_path / f"own.{suffix}").write_text(OWN)
    product = load_product(str(tmp_path / f"own.{suffix}"))
    assert ("own", {1: CLASSES.index("forest")}) == (product.name, product.indices)
    assert not product.is_named("anything.tif")
    assert product.epoch_of("n50_35_2020lc030.tif") is None


def test_a_file_that_is_absent_or_no_text_is_named_with_the_reason(tmp_path):
    with pytest.raises(CorpusError, match=r"unknown land-cover product .*none\.yaml': name a \.yaml file that exists"):
        load_product(str(tmp_path / "none.yaml"))
    (tmp_path / "raw.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(CorpusError, match=r"raw\.yaml is not readable YAML: 'utf-8' codec"):
        load_product(str(tmp_path / "raw.yaml"))


def test_a_wrong_entry_is_named_by_its_place_in_the_file(tmp_path):
    (tmp_path / "own.yaml").write_text(OWN.replace("#00ff00", "green"))
    with pytest.raises(CorpusError, match=r"own\.yaml: codes\.0\.color: String should match"):
        load_product(str(tmp_path / "own.yaml"))


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (
            "[{code: 5, through: 4, name: a, color: '#ffffff', class: forest}]",
            "code 5 goes through 4, which is smaller",
        ),
        (
            "[{code: 1, through: 3, name: a, color: '#ffffff', class: forest}, {code: 3, name: b, color: '#fffffe'}]",
            "code 3 stands twice",
        ),
        ("[]", "at least 1 item"),
        ("[{code: 70000, name: a, color: '#ffffff', class: forest}]", "less than or equal to 65535"),
    ],
)
def test_codes_that_contradict_each_other_are_refused(tmp_path, codes, said):
    (tmp_path / "own.yaml").write_text(f"name: own\ntitle: Own\ncodes: {codes}\n")
    with pytest.raises(CorpusError, match=said):
        load_product(str(tmp_path / "own.yaml"))


def test_a_range_of_one_value_and_codes_below_zero_are_taken(tmp_path):
    (tmp_path / "own.yaml").write_text(OWN.replace("code: 1", "code: -3, through: -3"))
    assert {-3: CLASSES.index("forest")} == load_product(str(tmp_path / "own.yaml")).indices


@pytest.mark.parametrize("nodata", [None, float("nan"), float("inf"), 20.5, 65536, -32769])
def test_a_no_data_value_that_no_code_can_be_hides_nothing(nodata):
    product = load_product("globeland30")
    assert product.lookup(None).tolist() == product.lookup(nodata).tolist()
