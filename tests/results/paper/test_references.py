"""References have the fields that the registries' words give, and no other."""

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
    assert 3 == library.bibtex().count("@misc{")


def test_names_are_escaped():
    library = Library()
    library.cite("O'Neil_ and Fu, 50% of $ & more, 2020")
    assert r"title = {{50\% of \$ \& more}}" in library.bibtex()


def test_every_citation_of_a_method_or_a_public_data_set_can_be_read():
    cited = [spec.reference for spec in methods.registry.all().values() if ", arXiv:" in spec.reference]
    cited += [spec.citation for spec in tasks.datasets.registry.all().values() if not spec.synthetic]
    for words in cited:
        assert Library().cite(words).startswith(r"\cite{"), words
