"""The batch script by which a cluster's scheduler runs a study: an array of tasks on one store."""

import re
import shlex
import sys
from pathlib import Path

import click
from click.core import ParameterSource

from bench.core.paths import data_home
from bench.studies.study import Study

# Seconds before the end of a task at which it is told to stop.
AHEAD = 60


def script(study: Study, tasks: int, workers: int, gres: str | None) -> str:
    """A commented sbatch script whose tasks each take a share of a study.

    Args:
        study: what is run.
        tasks: of the array.
        workers: processes of a task, a core each.
        gres: what each task asks for of generic resources, such as `gpu:1`.
    """
    name = re.sub(r"[^\w.-]", "-", study.name)
    run = [sys.executable, "-m", "bench", "run", *_given(), "--store", str(Path(study.store).resolve())]
    half = tasks // 2
    lines = [
        "#!/bin/bash",
        f"# Study {study.name} as {tasks} tasks on one store, which every node must see. Written by bench plan --slurm.",
        "#   sbatch THIS_FILE",
        "# A task that is killed, preempted or at its time limit goes on where it was when it is queued again; the same",
        "# command twice does nothing twice.",
        f"#SBATCH --job-name=bench-{name}",
        f"#SBATCH --array=0-{tasks - 1}",
        f"#SBATCH --cpus-per-task={workers * study.engine.threads}",
        *([f"#SBATCH --gres={gres}"] if gres else []),
        f"#SBATCH --output=bench-{name}-%a.txt",
        "#SBATCH --open-mode=append",
        "#SBATCH --requeue",
        f"# {AHEAD} s before the time limit: pretrainings keep where they are, and the task is queued again.",
        f"#SBATCH --signal=B:TERM@{AHEAD}",
        "# Say what your cluster wants to know: time, memory, account, partition.",
        "##SBATCH --time=04:00:00",
        "##SBATCH --mem-per-cpu=4G",
        *_partitions(half, tasks),
        "",
        f"export BENCH_DATA={shlex.quote(str(data_home().resolve()))}",
        f"cd {shlex.quote(str(Path.cwd()))} || exit 1",
        f'{shlex.join(run)} --share "$SLURM_ARRAY_TASK_ID/{tasks}" &',
        "bench=$!",
        "again() {",
        '  kill -TERM "$bench"',
        '  wait "$bench"',
        '  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"',
        "  exit 0",
        "}",
        "trap again TERM",
        'wait "$bench"',
    ]
    return "\n".join(lines) + "\n"


def _partitions(half: int, tasks: int) -> list[str]:
    if not half:
        return []
    return [
        "# Two partitions may share the work:",
        f"#   sbatch --partition=A --array=0-{half - 1} THIS_FILE; sbatch --partition=B --array={half}-{tasks - 1} THIS_FILE",
    ]


def _given() -> list[str]:
    """The options of the command that are a run's too, as they were given."""
    context = click.get_current_context()
    words: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        stated = context.get_parameter_source(name) == ParameterSource.COMMANDLINE
        if not stated or name in {"slurm", "gres", "store", "spread", "as_design", "form"}:
            continue
        value, flag = context.params[name], parameter.opts[0]
        if value is True:
            words.append(flag)
        else:
            for each in value if isinstance(value, tuple) else (value,):
                words += [flag, str(each)]
    return words
