"""What docs/store.md says of a store's files, held against a store that a run has made."""

import re
from fnmatch import fnmatch

from running import ROOT


def test_the_page_names_every_file_of_a_finished_store(finished):
    store, _ = finished
    table = (ROOT / "docs" / "store.md").read_text().partition("## What can be deleted")[0]
    named = [re.sub(r"<\w+>", "*", file) for file in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)]
    made = [str(file.relative_to(store)) for file in store.rglob("*") if file.is_file()]
    assert {"store.json"} < set(made)
    assert [] == [file for file in made if not any(fnmatch(file, pattern) for pattern in named)]


def test_a_finished_store_has_no_checkpoint_and_no_failure_left(finished):
    store, _ = finished
    assert [] == [file.name for file in store.rglob("*") if file.name in {"checkpoint.pt", "failure.json"}]
