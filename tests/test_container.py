"""The Dockerfile's lines work: the RUN lines of a target, run as a script in a fresh folder. No image is built."""

import os
import re
import subprocess

import pytest
from running import ROOT

LINES = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text()).splitlines()


def stages():
    """Instructions of each stage, those of the stage that it starts from first."""
    found, current = {}, None
    for line in LINES:
        if match := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            current = found.setdefault(match[2], list(found.get(match[1], [])))
        elif line and not line.startswith("#"):
            current.append(tuple(line.split(maxsplit=1)))
    return found


@pytest.mark.parametrize("target", ["cpu", "cuda"])
def test_a_target_is_built_of_known_instructions_and_starts_bench(target):
    instructions = stages()[target]
    assert {"RUN", "ENV", "WORKDIR", "COPY", "ENTRYPOINT"} <= {name for name, _ in instructions}
    assert ("COPY", ". .") in instructions
    assert ("ENTRYPOINT", '["bench"]') == instructions[-1]


@pytest.mark.nightly
@pytest.mark.parametrize("target", ["cpu", "cuda"])
def test_the_run_lines_of_a_target_work_in_a_fresh_folder(target, tmp_path):
    project = tmp_path / "project"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(project)], check=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
    environment |= {"VIRTUAL_ENV": str(tmp_path / "venv"), "TORCH_INDEX": "", "BENCH_DATA": str(tmp_path / "data")}
    environment["PATH"] = f"{tmp_path / 'venv' / 'bin'}:{environment['PATH']}"
    ran = [
        text for name, text in stages()[target] if name == "RUN" and "apt-get" not in text
    ]  # system packages are here
    for text in ran:
        script = ["bash", "-euo", "pipefail", "-c", text]
        done = subprocess.run(script, cwd=project, env=environment, capture_output=True, text=True, check=False)
        assert 0 == done.returncode, f"{text}\n{done.stdout}\n{done.stderr}"
    assert 3 <= len(ran)
