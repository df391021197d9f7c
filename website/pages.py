"""The sources of the site: which file of the repository becomes which page, pages made by code, and files copied along."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from bench.core.errors import BenchError
from website.markdown import title_of, with_links, with_wide_lists

# Files that a page may link and that are shown as text, by the language of their code.
SHOWN = {".yaml": "yaml", ".yml": "yaml", ".py": "python", ".toml": "toml", ".csv": "text", ".sh": "sh", "": "text"}


class SiteError(BenchError):
    """The site cannot be built, or is not as it should be."""


@dataclass
class Pages:
    """Pages by their path in the site, such as `reference/studies.md`.

    Attributes:
        root: of the repository.
        texts: Markdown by path.
        origins: of pages that are files of the repository, that file by path; its links are relative to it.
        places: the path in the site by a file or folder of the repository.
        copied: files that are taken as they are, by path.
    """

    root: Path
    texts: dict[str, str] = field(default_factory=dict)
    origins: dict[str, Path] = field(default_factory=dict)
    places: dict[Path, str] = field(default_factory=dict)
    copied: dict[str, Path] = field(default_factory=dict)

    def add(self, path: str, text: str) -> None:
        """A page made by code; its links are paths in the site that begin with `/`, or of the repository, with `//`.

        Raises:
            SiteError: the path is taken.
        """
        if path in self.texts:
            raise SiteError(f"two pages are called {path}: give one another name")
        self.texts[path] = text

    def take(self, path: str, file: Path, text: str | None = None) -> None:
        """A file of the repository as a page, or another text in its place, whose links are relative to the file."""
        self.add(path, file.read_text(encoding="utf-8") if text is None else text)
        self.origins[path] = file
        self.places.setdefault(file, path)

    def copy(self, path: str, file: Path) -> None:
        """A file of the repository as it is."""
        self.copied[path] = file
        self.places.setdefault(file, path)

    def title(self, path: str) -> str:
        """The first heading of a page."""
        return title_of(self.texts[path])

    def write(self, folder: Path) -> None:
        """Write all sources below a folder.

        Raises:
            SiteError: a link leads to no file of the repository, or to one that cannot be shown.
        """
        done: set[str] = set()
        while left := [path for path in self.texts if path not in done]:  # showing a file adds a page
            for path in left:
                done.add(path)
                text = with_wide_lists(with_links(self.texts[path], self._link_from(path)))
                file = folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
        for path, source in self.copied.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / path)

    def _link_from(self, path: str) -> Callable[[str, str], str]:
        """What turns a link of a page into one between pages of the site."""
        here = PurePosixPath(path).parent

        def change(target: str, anchor: str) -> str:
            if not target:
                return anchor
            if target.startswith("/") and not target.startswith("//"):
                return os.path.relpath(target[1:], here) + anchor
            origin = self.origins.get(path)
            if origin is None or target.startswith("//"):
                file = self.root / target.lstrip("/") if target.startswith("//") else None
            else:
                file = origin.parent / target
            if file is None:
                return target + anchor
            return os.path.relpath(self._place_of(file, path), here) + anchor

        return change

    def _place_of(self, file: Path, linking: str) -> str:
        """The path in the site of a file of the repository, which is shown where it has none yet."""
        file = Path(os.path.normpath(file))
        if file in self.places:
            return self.places[file]
        if not file.is_relative_to(self.root) or not file.is_file():
            raise SiteError(
                f"page {linking} links {file}, which is no page and no file of the repository: mend the link"
            )
        name = file.relative_to(self.root).as_posix()
        if file.suffix in SHOWN:
            path = f"files/{name}.md"
            self.add(path, f"# {name}\n\n```{SHOWN[file.suffix]}\n{file.read_text(encoding='utf-8').rstrip()}\n```\n")
            self.places[file] = path
        else:
            self.copy(f"files/{name}", file)
        return self.places[file]
