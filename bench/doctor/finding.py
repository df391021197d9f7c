"""What a look at a machine finds, and how it is told to somebody else."""

import getpass
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

State = Literal["ok", "warn", "fail"]
HOME, USER = "~", "<user>"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: of what was looked at; stays the same from version to version.
        state: `ok`, `warn` where studies run and something is amiss, `fail` where they do not.
        text: what was found.
        advice: what to do; empty where nothing is.
    """

    name: str
    state: State
    text: str
    advice: str = ""

    def line(self) -> str:
        """As it is printed."""
        return f"{self.state:5} {self.name}: {self.text}" + (f": {self.advice}" if self.advice else "")


def failed(findings: Sequence[Finding]) -> bool:
    """Whether something keeps studies from running."""
    return any(each.state == "fail" for each in findings)


def report(findings: Sequence[Finding], version: str) -> str:
    """A page of Markdown to paste into an issue, without the names of its writer and of their folders.

    Args:
        findings: what was found.
        version: of this harness.
    """
    lines = [f"geokr-bench {version}, `bench doctor`:", "", "| state | what | found | to do |", "|---|---|---|---|"]
    for each in findings:
        cells = (each.state, each.name, each.text, each.advice)
        lines.append("| " + " | ".join(nameless(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def nameless(text: str) -> str:
    """A text with the home folder as `~`, and the user's name in other paths as `<user>`."""
    home = Path.home()
    for path in sorted({str(home), str(home.resolve())}, key=len, reverse=True):
        if path != "/":
            text = re.sub(rf"{re.escape(path)}(?![\w.-])", HOME, text)
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have a number alone
        return text
    return re.sub(rf"(?<=/){re.escape(user)}(?![\w.-])", USER, text)
