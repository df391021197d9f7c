"""The store: a folder of weights, records and subsets. A record that exists is done; there is no other state.

    store.json            schema of the store
    weights/<key>/        backbone.safetensors and card.json
    records/<key>.json    one fine-tuning each
    outcomes/<key>.npz    what each of its test samples came out as
    subsets/<key>.json    the training samples of a (protocol, subset seed, fraction)
    designs/<study>.json  the design sheet of each study that was run here
    grids/<study>.json    the axes of each study that has some, and where its cells stand on them
    questions/<study>-<hash>.json  what a study asked before it ran; a changed list is a second file
    plans/<study>.json    the jobs of each study that was run here, for who watches
    jobs/<key>/           claim, checkpoint, progress, log and last failure of a job; may be deleted

A job that was killed, ran out of memory or met a full disk is tried again by the next run. One that diverged would only
diverge again: it is tried again when asked (`bench run --retry-failed`), when its options change, which gives it another
key, or when its folder under `jobs/` is deleted.

Everything is written whole or not at all (`bench.core.files`). A job is claimed before it is worked at, and a crashed
owner's claim does not stay (`bench.store.claims`).
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.core import documents, files
from bench.core.errors import StoreError
from bench.core.keys import sealed
from bench.core.texts import file_name
from bench.store.cards import read_card
from bench.store.claims import Holder, claim, holder_of
from bench.store.designs import Sheet
from bench.store.grids import Grid
from bench.store.outcomes import Evidence
from bench.store.plans import PlanFile
from bench.store.questions import Questions, read_questions
from bench.store.records import Record, read_record

SCHEMA = 1


class Store:
    """Reads and writes one store.

    Args:
        root: the store's folder; it is made when something is first written.

    Raises:
        StoreError: the folder was written by a newer version, or is something else.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._check_schema()

    @property
    def exists(self) -> bool:
        """Whether anything was begun here."""
        return (self.root / "store.json").exists()

    @property
    def precision(self) -> str | None:
        """Arithmetic of all trainings that state none, as the first study here has settled it; None where none has."""
        if not self.exists:
            return None
        found: str | None = documents.read_json(self.root / "store.json", StoreError, "restore it").get("precision")
        return found

    def open_for_writing(self, precision: str | None = None) -> None:
        """Make the folder and note its schema, and its arithmetic if it is new.

        Raises:
            StoreError: it cannot be written, or another run has begun it meanwhile with another arithmetic.
        """
        if not self.exists:
            told = {} if precision is None else {"precision": precision}
            try:
                files.write_new_json(self.root / "store.json", {"schema": SCHEMA} | told)
            except OSError as error:
                raise StoreError(
                    f"store {self.root} cannot be written ({error.strerror}): choose another --store"
                ) from None
            if precision != self.precision:
                raise StoreError(
                    f"store {self.root} was begun meanwhile in {self.precision}: run the same command again"
                )

    def has_record(self, key: str) -> bool:
        """Whether a cell is done."""
        return self._record(key).is_file()

    def write_outcomes(self, key: str, evidence: Evidence) -> str:
        """Keep what a cell's test samples came out as, before its record; returns the hash that the record bears."""
        content = evidence.encode()
        files.write_bytes(self.root / "outcomes" / f"{key}.npz", content)
        return hashlib.sha256(content).hexdigest()

    def write_record(self, record: Record) -> None:
        """Keep a record and forget the cell's last failure."""
        files.write_json(self._record(record.key), record.to_json())
        self.forget_failure(record.key)

    def read_record(self, key: str) -> Record:
        """One record by key."""
        return read_record(self._record(key))

    def records(self) -> Iterator[Record]:
        """All records, by key; an unreadable one raises StoreError."""
        for path in sorted((self.root / "records").glob("*.json")):
            yield read_record(path)

    def weights(self, key: str) -> Path:
        """Folder of a pretraining's weights."""
        return self.root / "weights" / key

    def has_weights(self, key: str) -> bool:
        """Whether a pretraining is done."""
        return (self.weights(key) / "card.json").is_file()

    def card(self, key: str) -> dict[str, Any]:
        """The card of finished weights; an unreadable one raises StoreError."""
        return read_card(self.weights(key) / "card.json")

    def cards(self) -> Iterator[dict[str, Any]]:
        """The cards of all finished pretrainings; an unreadable one raises StoreError."""
        for path in sorted((self.root / "weights").glob("*/card.json")):
            yield read_card(path)

    def job(self, key: str) -> Path:
        """Folder for a job's own files."""
        return self.root / "jobs" / key

    def write_subset(self, key: str, manifest: dict[str, Any]) -> None:
        """Keep the manifest of a subset; the same key always holds the same manifest."""
        path = self.root / "subsets" / f"{key}.json"
        if not path.exists():
            files.write_json(path, sealed(manifest))

    def write_design(self, sheet: Sheet) -> None:
        """Keep the design sheet of a study; a later run of a study of that name replaces it."""
        files.write_json(self._design(sheet.study), sheet.model_dump(mode="json"))

    def has_design(self, study: str) -> bool:
        """Whether a study of this name has a sheet."""
        return self._design(study).is_file()

    def designs(self) -> Iterator[Sheet]:
        """The design sheets of the studies that were run here, by name; an unreadable one raises StoreError."""
        for path in sorted((self.root / "designs").glob("*.json")):
            value = documents.read_json(path, StoreError, "run the study again")
            yield documents.parse(Sheet, value, f"{path} is not a design sheet", StoreError)

    def write_grid(self, grid: Grid) -> None:
        """Keep where a study's cells stand on its axes; a later run of a study of that name replaces it."""
        files.write_json(self.root / "grids" / f"{file_name(grid.study)}.json", grid.model_dump(mode="json"))

    def write_plan(self, plan: PlanFile) -> None:
        """Keep which jobs a study has; a later run of a study of that name replaces them."""
        path = self.root / "plans" / f"{file_name(plan.study)}.json"
        files.write_json(path, plan.model_dump(mode="json"))

    def plans(self) -> Iterator[PlanFile]:
        """The jobs of the studies that were run here, by name; an unreadable file raises StoreError."""
        for path in sorted((self.root / "plans").glob("*.json")):
            value = documents.read_json(path, StoreError, "delete it and run the study again")
            yield documents.parse(PlanFile, value, f"{path} is not a plan", StoreError)

    def write_questions(self, asked: Questions) -> None:
        """Keep what a study asks; the same list is kept once, as it was first written."""
        path = self.root / "questions" / f"{file_name(asked.study)}-{asked.hash}.json"
        if not path.exists():
            files.write_json(path, asked.model_dump(mode="json"))

    def questions(self) -> list[Questions]:
        """All that was asked here, the oldest first; an unreadable file raises StoreError."""
        return read_questions(self.root)

    def write_failure(self, key: str, failure: dict[str, Any]) -> Path:
        """Keep the last failure of a job, to be looked at; it does not count as done."""
        path = self.job(key) / "failure.json"
        files.write_json(path, failure)
        return path

    def forget_failure(self, key: str) -> None:
        """Drop the last failure of a job that has succeeded since."""
        (self.job(key) / "failure.json").unlink(missing_ok=True)

    def diverged(self, key: str) -> str | None:
        """Why a job diverged, in one line; None where it did not, or was never tried."""
        try:
            failure = json.loads((self.job(key) / "failure.json").read_text())
            return str(failure["error"]) if failure.get("diverged") else None
        except (OSError, ValueError, KeyError, AttributeError):
            return None  # none, or one that is being written: the job is tried again

    @contextmanager
    def claim(self, key: str) -> Iterator[bool]:
        """Claim a job for this process; yields False where another process holds it."""
        with claim(self.job(key)) as ours:
            yield ours

    def holder(self, key: str) -> Holder | None:
        """Who holds a job, or died with it; None where nobody has said so."""
        return holder_of(self.job(key))

    def _design(self, study: str) -> Path:
        return self.root / "designs" / f"{file_name(study)}.json"

    def _record(self, key: str) -> Path:
        return self.root / "records" / f"{key}.json"

    def _check_schema(self) -> None:
        path = self.root / "store.json"
        if not self.root.exists():
            return
        if not self.root.is_dir():
            raise StoreError(f"{self.root} is a file, a store is a folder: choose another --store")
        if path.is_file():
            advice = "restore it, or choose another --store"
            documents.read_json(path, StoreError, advice, (SCHEMA, SCHEMA))
        elif any(not path.name.startswith(".") for path in self.root.iterdir()):  # another may be writing it
            raise StoreError(f"{self.root} holds other files and no store.json: choose another --store")
