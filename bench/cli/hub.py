"""Sending a folder to the Hugging Face hub."""

import os
import re
from pathlib import Path
from typing import Literal

import click

from bench.core.errors import WeightsError

HUB = "hub:"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_REPOSITORY = re.compile(rf"{NAME.pattern}/{NAME.pattern}")
# What the hub answers to who makes a repository again.
_THERE_ALREADY = 409


def repository_of(target: str) -> str:
    """The repository that `hub:USER/NAME` names; empty of a folder.

    Raises:
        WeightsError: it is written otherwise.
    """
    if not target.startswith(HUB):
        return ""
    repository = target.removeprefix(HUB)
    if not _REPOSITORY.fullmatch(repository) or ".." in repository:
        raise WeightsError(f"--to {target}: write it as hub:USER/NAME")
    return repository


def send(folder: Path, repository: str, *, private: bool, kind: Literal["model", "dataset"] = "model") -> None:
    """Send a folder to the hub, by the token that its own library keeps.

    Raises:
        WeightsError: the hub refuses; nothing of the token is told.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    try:
        try:
            api.create_repo(repository, private=private, repo_type=kind)
        except HfHubHTTPError as error:
            if error.response.status_code != _THERE_ALREADY:
                raise
        message = f"{folder.name}, by geokr-bench"
        api.upload_folder(repo_id=repository, folder_path=folder, commit_message=message, repo_type=kind)
    except HfHubHTTPError as error:
        raise WeightsError(
            f"the hub answers {error.response.status_code} for {repository}: log in (hf auth login), or look at the name"
        ) from None
    except OSError as error:
        raise WeightsError(f"the hub cannot be reached ({type(error).__name__}): try again later") from None
    sent = sum(path.is_file() for path in folder.rglob("*"))
    click.echo(f"sent {sent} files to {repository}")
