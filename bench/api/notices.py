"""What a user is told of a study before it runs, a line each."""

from rich.console import Console

from bench.studies.inputs import Inputs
from bench.studies.jobs import PretrainJob
from bench.studies.plan import Plan


def inputs_of(console: Console) -> Inputs:
    """What a study needs, found or made; what takes long is said on a console."""
    return Inputs(lambda text: console.print(text, markup=False, highlight=False))


def say_warnings(jobs: list[PretrainJob], console: Console) -> None:
    """What makes a pretraining doubtful before it runs, once a method and backbone."""
    lines = {f"warning: {job.label}: {name}: {text}" for job in jobs for name, text in job.warnings.items()}
    for line in sorted(lines):
        console.print(line, style="yellow", markup=False, highlight=False)


def say_overlaps(plan: Plan, console: Console) -> None:
    """What of the test images lies under the corpus: a line for each that does, and one for all of which it is unknown."""
    for found in plan.overlaps:
        if not found.unknown and found.km2 > 0:
            text = f"warning: {found.protocol}: {found} {found.corpus}"
            console.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)
    unknown: dict[str, list[str]] = {}
    for found in plan.overlaps:
        if found.unknown:
            unknown.setdefault(found.unknown, []).append(found.protocol)
    for why, protocols in unknown.items():
        listed = ", ".join(dict.fromkeys(protocols))
        text = f"overlap with the corpus is unknown of {listed}: {why}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def say_left_out(plan: Plan, console: Console) -> None:
    """What the plan leaves out and why, a line each."""
    for line in plan.left_out:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
