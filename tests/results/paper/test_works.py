"""Every short citation of the registries means one published work, in full, and agrees with it."""

import os
import re
import shutil
import subprocess

import pytest
from pydantic import ValidationError

import methods
import tasks.datasets
from bench import backbones
from results.paper.references import Library, parse, work_of
from results.paper.works import Work, find, works

# Short citations whose works could not be read in a public source; none is written from memory.
WITHOUT_A_SOURCE: set[str] = set()


@pytest.fixture(scope="module")
def citations():
    """What `bench paper` may cite: methods, networks, also those that belong to one method, and data sets."""
    from bench.cli.paper import _networks

    texts = [spec.reference for spec in methods.registry.all().values()]
    texts += _networks({*backbones.registry.all(), *backbones.features.all()}).values()
    texts += [spec.citation for spec in tasks.datasets.registry.all().values()]
    parts = (part.strip() for text in texts for part in text.split(";"))
    return [part for part in dict.fromkeys(parts) if parse(part)]


def test_every_short_citation_of_the_registries_has_its_work_in_full(citations):
    assert WITHOUT_A_SOURCE == {words for words in citations if work_of(parse(words)) is None}


def test_every_work_is_cited_and_a_citation_means_one(citations):
    cited = {work_of(parse(words)) for words in citations}
    assert [] == [work.title for work in works() if work not in cited]
    for words in citations:
        fields = parse(words)
        arxiv = fields.get("note", "").removeprefix("arXiv:")
        name, year = fields.get("title", ""), fields.get("year", "")
        meant = [work.title for work in works() if work.means(fields["author"].split(" and ")[0], name, year, arxiv)]
        assert 1 == len(meant), (words, meant)


def test_author_year_and_arxiv_number_agree_with_the_short_citation(citations):
    for words in citations:
        work = work_of(parse(words))
        first = re.match(r"(.+?)(?= et al\.| and |, )", words)[1]
        assert first in work.authors[0].partition(",")[0], words
        assert re.findall(r"\b(?:19|20)\d\d\b(?!\.)", words) in ([], [str(work.year)]), words
        assert re.findall(r"arXiv[: ]([\d.]+)", words) in ([], [work.arxiv]), words


@pytest.mark.parametrize(
    "words",
    [
        "Grill et al., BYOL, NeurIPS 2020, arXiv:2006.07734",
        "Grill et al., BYOL, NeurIPS 2021, arXiv:2006.07733",
        "Strub et al., BYOL, NeurIPS 2020, arXiv:2006.07733",
        "Grill et al., Another, NeurIPS 2020",
        "Grill et al., NeurIPS 2020",
        "Grill et al. 2020",
    ],
)
def test_a_citation_that_disagrees_means_no_work(words):
    assert work_of(parse("Grill et al., BYOL, NeurIPS 2020")) is not None
    assert work_of(parse(words)) is None


def test_an_arxiv_number_means_the_work_whatever_the_short_title():
    assert find("Grill", "as you like", "", "2006.07733") == find("Grill", "BYOL", "2020", "")


def test_all_authors_are_named_and_nothing_is_there_twice():
    for work in works():
        assert [] == [name for name in work.authors if not re.fullmatch(r"[^\W\d_][^,]*, [^\W\d_][^,]*", name)], (
            work.title
        )
        assert len(set(work.authors)) == len(work.authors), work.title
    for name in ("title", "arxiv", "doi"):
        values = [getattr(work, name) for work in works() if getattr(work, name)]
        assert sorted(set(values)) == sorted(values)


def test_an_entry_without_a_source_or_with_a_field_of_another_name_is_refused():
    known = works()[0].model_dump()
    for wrong in ({"seen": ""}, {"authors": ()}, {"pages": "248 ff."}, {"publisher": "IEEE"}, {"arxiv": "arXiv:1"}):
        with pytest.raises(ValidationError):
            Work.model_validate(known | wrong)


@pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("pdflatex", "bibtex")) and "CI" not in os.environ,
    reason="pdflatex is not installed (Debian: texlive-latex-recommended)",
)
def test_every_reference_compiles_without_a_warning_in_a_style_that_shortens_names(citations, tmp_path):
    library = Library()
    (tmp_path / "main.tex").write_text(
        r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{textcomp}"
        r"\begin{document}\nocite{*}\bibliographystyle{abbrv}\bibliography{references}\end{document}"
    )
    assert all(library.cite(words).startswith(r"\cite{") for words in citations)
    (tmp_path / "references.bib").write_text(library.bibtex(), encoding="utf-8")
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "main.tex"]
    for command in (latex, ["bibtex", "main"], latex):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
        assert 0 == done.returncode, done.stdout[-3000:]
    assert [] == re.findall(r"Warning--.*", (tmp_path / "main.blg").read_text(errors="replace"))
    printed = (tmp_path / "main.bbl").read_text(encoding="utf-8")
    assert len(works()) == printed.count(r"\bibitem")
    assert r"J.-B. Grill, F.~Strub, F.~Altch{\'{e}}" in " ".join(printed.split())
