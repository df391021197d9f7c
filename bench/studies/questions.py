"""A study's primary questions written out: rows, protocols, backbones and amounts of labels."""

from collections.abc import Callable
from datetime import UTC, datetime

import methods
from bench.core.errors import StudyError
from bench.core.revision import revision
from bench.core.suggest import among
from bench.store.questions import Question, Questions
from bench.studies.inputs import Inputs
from bench.studies.plan import takes
from bench.studies.primary import Primary
from bench.studies.references import missing_references
from bench.studies.rows import Row
from bench.studies.study import Study
from tasks.amounts import share
from tasks.pools import Drawn, Pool
from tasks.protocols import Protocol, load_protocol


def questions(study: Study, inputs: Inputs, ranked: Callable[[str], bool]) -> Questions:
    """What a study asks, dated now.

    Args:
        study: with all rows of its file, whichever of them a command runs.
        inputs: its data sets, whose sizes turn amounts of labels into shares.
        ranked: whether a method is ranked with others, or is a floor or a ceiling.

    Raises:
        StudyError: a row, a protocol or an amount is not one of the study's, or a protocol has another metric.
    """
    primary = study.primary or Primary()
    _check(study, primary)
    found = [
        each
        for protocol in study.all_protocols()
        if primary.protocols is None or protocol.id in primary.protocols
        for each in _on_protocol(study, primary, protocol, inputs, ranked)
    ]
    return Questions(
        study=study.name,
        date=datetime.now(UTC).date(),
        revision=revision(),
        within=primary.within / 100,
        questions=tuple(found),
    )


def _check(study: Study, primary: Primary) -> None:
    """Refuse rows and protocols that the study has not; what a command leaves out of it is no mistake."""
    rows = [row.name for row in study.rows()]
    for name in sorted(primary.named() - set(rows)):
        more = "" if study.references else ", or compare with references again (no --no-references)"
        raise StudyError(f"primary: the study has no row {name!r}{among(name, rows)}{more}")
    listed = {load_protocol(name).id: load_protocol(name) for names in study.protocols.values() for name in names}
    listed |= {protocol.id: protocol for protocol in study.all_protocols()}
    for name in primary.protocols or []:
        if name not in listed:
            raise StudyError(f"primary.protocols: the study has no protocol {name!r}{among(name, listed)}")
    for protocol in (listed[name] for name in primary.protocols or listed):
        if primary.metric not in (None, protocol.metric):
            raise StudyError(
                f"primary.metric: {protocol.id} is judged by {protocol.metric}, not by {primary.metric}: name in "
                "primary.protocols those of this metric"
            )


def _on_protocol(
    study: Study, primary: Primary, protocol: Protocol, inputs: Inputs, ranked: Callable[[str], bool]
) -> list[Question]:
    absent, named = missing_references(study), primary.named()
    entering = [row for row in study.rows() if takes(protocol, row)]
    amounts = _amounts(study, primary, protocol, inputs)
    found = []
    for backbone in study.backbones:
        rows = [row for row in entering if row.on(backbone) and (row.name, backbone) not in absent]
        # A floor or a ceiling is asked about where the study names it.
        names = [row.name for row in rows if ranked(row.method) or row.name in named]
        references = [row.name for row in rows if row.name in study.references and not _unfit(row)]
        for a, b in primary.comparisons(names, references):
            if {a, b} <= set(names):
                found += [_question(a, b, protocol, backbone, amount) for amount in amounts]
    return found


def _unfit(row: Row) -> bool:
    return bool(methods.get(row.method).no_reference)


def _question(a: str, b: str, protocol: Protocol, backbone: str, amount: Drawn) -> Question:
    return Question(
        a=a,
        b=b,
        protocol=protocol.id,
        backbone=backbone,
        fraction=amount.fraction,
        amount=_name(amount),
        metric=protocol.metric,
    )


def _amounts(study: Study, primary: Primary, protocol: Protocol, inputs: Inputs) -> list[Drawn]:
    """The amounts that are asked about, of those that the study runs on a protocol."""
    run = Pool(protocol, inputs.dataset(study, protocol)).distinct(study.amounts_of(protocol))
    asked = [each for each in run if primary.labels is None or _name(each) in primary.labels]
    if not asked:
        raise StudyError(
            f"primary.labels: {', '.join(primary.labels or [])} is not run on {protocol.id}: choose from "
            f"{', '.join(map(_name, run))}, or leave the protocol out of primary.protocols"
        )
    return asked


def _name(amount: Drawn) -> str:
    """An amount as a study writes it."""
    return amount.labels or share(amount.fraction).text
