"""`bench report`: a store's answers as a page."""

import re


def test_a_page_opens_with_the_limits_and_has_every_answer_and_a_plot(store, run_bench, tmp_path):
    study = tmp_path / "mine.yaml"
    study.write_text("extends: demo\nname: mine\ntitle: What it is worth\nlimits: On drawn images\n  alone.\n")
    page = tmp_path / "pages" / "mine.md"
    done = run_bench("report", "--store", str(store), "--study", str(study), "--out", str(page))
    assert 0 == done.returncode
    text = page.read_text()
    assert text.startswith("# What it is worth\n\nOn drawn images alone.\n")
    answers = run_bench("verdict", "--store", str(store)).stdout
    first = next(line for line in answers.splitlines() if line.startswith("On "))
    assert first.split(" points")[0] in " ".join(text.replace("\\", "").split())
    for linked in re.findall(r"\]\((.*?)\)", text):
        assert (page.parent / linked).read_text().lstrip().startswith("<?xml")
    assert all(len(line) <= 120 for line in text.splitlines() if not line.startswith("|"))


def test_a_store_without_records_is_refused(run_bench, tmp_path):
    done = run_bench("report", "--store", str(tmp_path), "--study", "demo", "--out", str(tmp_path / "a.md"))
    assert 2 == done.returncode
    assert not (tmp_path / "a.md").exists()
