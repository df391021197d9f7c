"""References are full where the work is known, and have else the fields that the registries' words give."""

import pytest

import methods
import tasks.datasets
from results.paper.references import Library, parse


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (
            "Grill et al., BYOL, NeurIPS 2020, arXiv:2006.07733",
            {"author": "Grill and others", "title": "BYOL", "howpublished": "NeurIPS", "year": "2020",
             "note": "arXiv:2006.07733"},
        ),
        (
            "Wu, Shi and Zou, A geographic information-driven method, and a data set, 2021",
            {"author": "Wu and Shi and Zou", "title": "A geographic information-driven method, and a data set",
             "year": "2021"},
        ),
        ("Iandola et al. 2016", {"author": "Iandola and others", "year": "2016"}),
        ("He et al., CVPR 2016", {"author": "He and others", "howpublished": "CVPR", "year": "2016"}),
        ("Chen et al., MoCo v2, arXiv:2003.04297",
         {"author": "Chen and others", "title": "MoCo v2", "note": "arXiv:2003.04297"}),
        ("a floor of ours", None),
        ("this software", None),
    ],
)  # fmt: skip
def test_words_become_the_fields_that_they_give(words, fields):
    assert fields == parse(words)


def test_one_reference_stands_once_and_two_of_one_name_and_year_have_two_keys():
    library = Library()
    assert r"\cite{he2020,chen2020}" == library.cite("He et al., MoCo, CVPR 2020; Chen et al., SimCLR, ICML 2020")
    assert r"\cite{he2020}" == library.cite("He et al., MoCo, CVPR 2020")
    assert r"\cite{he2020b}" == library.cite("He et al., Other, CVPR 2020")
    assert r"a floor of ours" == library.cite("a floor of ours")
    assert [("he2020", "inproceedings"), ("chen2020", "inproceedings"), ("he2020b", "misc")] == [
        (entry.key, entry.kind) for entry in library.entries.values()
    ]


def test_a_work_cited_in_two_ways_stands_once():
    library = Library()
    assert r"\cite{he2016}" == library.cite("He et al., Deep Residual Learning for Image Recognition, CVPR 2016")
    assert r"\cite{he2016}" == library.cite("He et al., Deep Residual Learning, CVPR 2016")
    assert ["he2016"] == list(library.entries)


def test_a_known_work_is_printed_in_full():
    library = Library()
    assert r"\cite{zbontar2021}" == library.cite("Zbontar et al., Barlow Twins, ICML 2021, arXiv:2103.03230")
    assert r"""@inproceedings{zbontar2021,
  author = {Zbontar, Jure and Jing, Li and Misra, Ishan and LeCun, Yann and Deny, St{\'{e}}phane},
  title = {{Barlow Twins: Self{-}Supervised Learning via Redundancy Reduction}},
  booktitle = {International Conference on Machine Learning (ICML)},
  year = {2021},
  note = {arXiv:2103.03230}
}
""" == library.bibtex()


def test_pages_are_a_range_and_an_identifier_keeps_its_dashes():
    library = Library()
    library.cite(
        "Lebedev et al., Change detection in remote sensing images using conditional adversarial networks, 2018"
    )
    assert "  pages = {565--571},\n" in library.bibtex()
    assert "  doi = {10.5194/isprs-archives-XLII-2-565-2018}\n" in library.bibtex()


def test_a_work_that_is_not_known_keeps_the_words_of_its_citation():
    library = Library()
    library.cite("Gidaris et al., ICLR 2018")
    assert "@misc{gidaris2018,\n  author = {{Gidaris} and others},\n" in library.bibtex()


def test_names_are_escaped():
    library = Library()
    library.cite("O'Neil_ and Fu, 50% of $ & more, 2020")
    assert r"title = {{50\% of \$ \& more}}" in library.bibtex()


def test_every_citation_of_a_method_or_a_public_data_set_can_be_read():
    cited = [spec.reference for spec in methods.registry.all().values() if ", arXiv:" in spec.reference]
    cited += [spec.citation for spec in tasks.datasets.registry.all().values() if not spec.synthetic]
    for words in cited:
        assert Library().cite(words).startswith(r"\cite{"), words
