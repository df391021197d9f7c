"""The design sheet of a study: what every row and protocol is given, and what a sentence about two rows can be about.

It is made before anything runs, from what is known by then: where the corpus or a data set is absent, the sheet says so
and states the rest. arXiv:2605.12678 asks comparisons of pretraining for the controls that it lists.
"""

from collections.abc import Iterable
from itertools import combinations

import methods
from bench.core.errors import CorpusError, DataError
from bench.corpus.storage.reader import Corpus
from bench.pretraining.facts import ImageFacts
from bench.store.designs import Cell, Sentence, Sheet
from bench.studies import design_protocols, duplicates
from bench.studies.budget import compute_of
from bench.studies.design_rows import COLUMNS, COMPUTE, Column, Entry, differ
from bench.studies.images import images_of
from bench.studies.inputs import Inputs
from bench.studies.overlap import Overlap, overlaps
from bench.studies.plan import check_seeds, entering_rows, left_out
from bench.studies.pretrainings import pretrain_jobs, readers
from bench.studies.references import missing_references
from bench.studies.rows import Row
from bench.studies.study import Study
from tasks.prepared import Prepared

NAMES = ["row", "method", "backbone"]
ALL = [column for columns in COLUMNS.values() for column in columns]


def design(study: Study, inputs: Inputs) -> Sheet:
    """Lay out the sheet of a study.

    Raises:
        StudyError: as `bench.studies.plan.make_plan`; an absent corpus or data set is a note of the sheet instead.
    """
    check_seeds(study)
    absent: list[str] = []
    sets = _data_sets(study, inputs, absent)
    entries = _entries(study, inputs, sets, absent)
    counted = [] if absent else duplicates.count(study, inputs)
    near = {found.protocol: found for found in sorted(counted, key=lambda found: found.tiles or 0)}
    over = {} if absent else _worst(study, inputs)
    protocols = [
        design_protocols.describe(study, protocol, sets[protocol.id], near.get(protocol.id), over.get(protocol.id))
        for protocol in study.all_protocols()
    ]
    sentences = _sentences(study, entries)
    return Sheet(
        study=study.name,
        columns=[*NAMES, *(column.name for column in ALL)],
        rows=[_cells(entry, entries) for entry in entries],
        protocol_columns=[*design_protocols.NAMES, *design_protocols.ALL],
        protocols=[described.cells for described in protocols],
        sentences=sentences,
        notes=[
            *absent,
            *(f"{line}." for line in left_out(study, study.all_protocols())),
            *_notes_on_rows(study, entries, sentences),
            *(note for described in protocols for note in described.notes),
        ],
    )


def _worst(study: Study, inputs: Inputs) -> dict[str, Overlap]:
    """What of each protocol's test part lies under the corpus that most of it lies under; what is known goes first."""
    found = overlaps(study, inputs, study.rows(), study.all_protocols())
    by_share = sorted(found.items(), key=lambda each: (not each[1].unknown, each[1].share))
    return {protocol: each for (protocol, _), each in by_share}


def _data_sets(study: Study, inputs: Inputs, notes: list[str]) -> dict[str, Prepared | None]:
    """The prepared set of each protocol, or a note that says why there is none."""
    found: dict[str, Prepared | None] = {}
    for protocol in study.all_protocols():
        try:
            found[protocol.id] = inputs.dataset(study, protocol)
        except DataError as error:
            found[protocol.id] = None
            notes.append(f"Not known of {protocol.id}, since its data set cannot be read: {error}.")
    return found


def _entries(study: Study, inputs: Inputs, sets: dict[str, Prepared | None], notes: list[str]) -> list[Entry]:
    """Rows on backbones, without the references that a run leaves out."""
    opened = [(protocol, data) for protocol in study.all_protocols() if (data := sets[protocol.id]) is not None]
    absent, rows = missing_references(study), entering_rows(study, study.all_protocols())
    corpora = {row.name: _corpus(study, row, inputs, notes) for row in readers(study, study.rows())}
    first = next(iter(corpora.values()), None)
    jobs = pretrain_jobs(study, inputs, rows, []) if corpora and None not in corpora.values() else {}
    entries = []
    for backbone in study.backbones:
        for row in rows:
            if (row.name, backbone) in absent or not row.on(backbone):
                continue
            corpus = corpora.get(row.name, first)
            images: ImageFacts | None = corpus or (images_of(opened) if opened else None)
            job = jobs.get((row.name, backbone, 0, None))
            options = methods.get(row.method).options.model_validate(job.options) if job else study.options_of(row)
            facts = job.facts | compute_of(job) if job else {}
            entries.append(Entry(row, backbone, study, options, images, corpus, job, facts))
    return entries


def _corpus(study: Study, row: Row, inputs: Inputs, notes: list[str]) -> Corpus | None:
    try:
        return inputs.corpus(study, row)
    except (CorpusError, DataError) as error:
        note = f"Not known of the pretrainings, since the corpus cannot be read: {error}."
        if note not in notes:
            notes.append(note)
        return None


def _cells(entry: Entry, entries: list[Entry]) -> list[Cell]:
    rivals = [other for other in entries if other.backbone == entry.backbone]
    names = [entry.row.name, entry.row.method, entry.backbone]
    marked = (Cell(text=column.of(entry).text, differs=_apart(column, entry, rivals)) for column in ALL)
    return [*(Cell(text=name) for name in names), *marked]


def _apart(column: Column, entry: Entry, rivals: list[Entry]) -> bool:
    return any(differ(column, entry, rival) for rival in rivals)


def _sentences(study: Study, entries: list[Entry]) -> list[Sentence]:
    """Each row against each reference, then each two rows."""
    by_row: dict[str, list[Entry]] = {}
    for entry in entries:
        by_row.setdefault(entry.row.name, []).append(entry)
    references = [name for name in by_row if name in study.references]
    rows = [name for name in by_row if name not in references]
    pairs = [(row, reference) for reference in references for row in rows]
    pairs += [(later, earlier) for earlier, later in combinations(references, 2)]
    pairs += list(combinations(rows, 2))
    return [_sentence(by_row[a], by_row[b]) for a, b in pairs]


def _sentence(a: list[Entry], b: list[Entry]) -> Sentence:
    """What a sentence about two rows can be about; they differ where they do so on any backbone."""
    together = [(one, other) for one in a for other in b if one.backbone == other.backbone] or [(a[0], b[0])]
    single = [entry.row for entry in (a[0], b[0]) if entry.kind in {"trained", "oracle"} and entry.pretrainings == 1]
    reasons = [reason for one, other in together for reason in _apart_as_a_whole(one, other)]
    reasons = reasons or [
        column.name for column in ALL if column.recipe and any(differ(column, one, other) for one, other in together)
    ]
    return Sentence(
        a=a[0].row.name,
        b=b[0].row.name,
        about="weights" if single else "recipes" if reasons else "methods",
        because=[*(f"a single pretraining of {row.name}" for row in single), *dict.fromkeys(reasons)],
    )


def _apart_as_a_whole(one: Entry, other: Entry) -> list[str]:
    """Why two rows have no recipe that could be held against the other's, if so.

    What trains against what does not differs in corpus, budget and views at once: the gain is that of the whole
    recipe, and a method's share of it is only seen against another method.
    """
    kinds = {one.kind, other.kind}
    if "oracle" in kinds and len(kinds) == 2:
        return ["the oracle learns the protocol's own labels"]
    if "features" in kinds and len(kinds) == 2:
        return ["fixed features: no network is trained"]
    if "published" in kinds and len(kinds) == 2:
        return ["published weights: their data, budget and recipe are their publisher's"]
    if kinds == {"trained", "drawn"}:
        return ["all of the pretraining: corpus, budget, views and method together"]
    return []


def _notes_on_rows(study: Study, entries: list[Entry], sentences: list[Sentence]) -> list[str]:
    trained = [entry for entry in entries if entry.kind == "trained"]
    notes = []
    if any(sentence.about == "weights" for sentence in sentences):
        notes.append(
            "A single pretraining stands for each method: sentences are about these weights. Set pretrain_seeds to seeds."
        )
    trials = {int(entry.facts.get("trials", 0)) for entry in trained}
    if len(trials) == 1:
        (number,) = trials
        notes.append(f"Options tuned: {number} trials each." if number else "Options of no row were tuned.")
    elif trials:
        notes.append("Options were tuned by unequal numbers of trials.")
    if trained and all(study.budget_of(entry.row) is None for entry in trained):
        notes.append("Budget: paper, every row trains as long as its own options say.")
    return [*notes, *_compute(trained)]


def _compute(trained: Iterable[Entry]) -> list[str]:
    """Forward FLOPs of rows whose equal budgets are no equal compute, a sentence a backbone."""
    by_backbone: dict[str, dict[str, float]] = {}
    for entry in trained:
        if amount := entry.amount("flops_forward"):
            by_backbone.setdefault(entry.backbone, {})[entry.row.name] = amount
    lines = []
    for backbone, amounts in by_backbone.items():
        least = min(amounts.values())
        if max(amounts.values()) > COMPUTE * least:
            times = ", ".join(f"{row} {amount / least:.1f}" for row, amount in amounts.items())
            lines.append(f"Forward FLOPs as multiples of the least ({backbone}): {times}.")
    return lines
