"""Images by the names that a user's lists and tables give them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.core.errors import CorpusError
from bench.core.files import because
from bench.core.suggest import among
from bench.corpus.images.source import ImageFile


class Names:
    """Finds images by path in the folder or archive, by path below the shared folder, or by file name alone.

    Args:
        images: all of them.
    """

    def __init__(self, images: Sequence[ImageFile]) -> None:
        self._names = [image.name for image in images]
        last = [image.name.rpartition("/")[2] for image in images]
        often = Counter(last)
        self._numbers = {name: number for number, name in enumerate(last) if often[name] == 1}
        self._numbers |= {image.path: number for number, image in enumerate(images)}
        self._numbers |= {image.name: number for number, image in enumerate(images)}

    def find(self, name: str, where: str) -> int:
        """The number of an image.

        Args:
            name: as it stands in the list or table.
            where: names the list and the line, for the message.

        Raises:
            CorpusError: there is no such image, or several have this file name.
        """
        number = self._numbers.get(name.removeprefix("./"))
        if number is None:
            raise CorpusError(f"{where}: no image is called {name!r}{among(name, self._names)}")
        return number


def read_list(file: Path, names: Names) -> set[int]:
    """Numbers of the images that a text file names, one a line; empty lines and those that begin with # are none.

    Raises:
        CorpusError: the file cannot be read, names no image, or one that is not there.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"list {file} cannot be read{because(error, 'give a text file of image paths')}") from None
    named = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    if not named:
        raise CorpusError(f"list {file} names no image: write one path a line, or leave it out")
    return {names.find(name, f"{file}, line {number}") for number, name in named}
