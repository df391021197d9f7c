"""The data sets registry: where each comes from, what it holds, and the reader of its public layout.

Each of the harness' own is a file in `configs/datasets`, found by listing the folder; a new one is a new file there,
and a reader where its layout is new. Other packages add theirs by entry points `geokr_bench.data` that name a
`DatasetSpec`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bench.core import documents
from bench.core.configs import ConfigKind
from bench.core.context import Count, Say
from bench.core.errors import DataError, StudyError
from bench.core.registry import Registry, Spec, load
from tasks import writing
from tasks.datasets.archives import unpacked
from tasks.protocols import Slices


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(Spec):
    """One data set.

    Attributes:
        factory: `module:function` of `(source, out, slices, progress) -> None`, which writes a prepared set; where the
            spec has options they come last.
        options: how an unusual copy is read, given as `--option KEY=VALUE`.
        homepage: where a user gets the data.
        licence: terms as the owner states them.
        citation: how to cite it.
        layout: the public layout that is read.
        archives: beginnings of the names of the downloads that matter; all where empty.
        md5: sums of the downloads as TorchGeo publishes them, by file name.
        labels: kinds of label that it is published with, where there are two (`slices.labels` of a protocol).
        images: number of images, scenes or pairs in the published set; None where it varies.
        maker: `module:function` of `(home, say) -> source`, which makes the public layout below the data folder, or
            finds it there; None where a user brings the data. What is made is synthetic: its scores say nothing about the
            real world.
    """

    homepage: str
    licence: str
    citation: str
    layout: str
    archives: tuple[str, ...] = ()
    md5: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    images: int | None = None
    maker: str | None = None

    @property
    def synthetic(self) -> bool:
        """Whether a generator makes it."""
        return self.maker is not None

    def make(self, home: Path, say: Say) -> Path:
        """The folder of the public layout that a generator makes, made when it is absent."""
        assert self.maker is not None
        source: Path = load(self.maker)(home, say)
        return source

    def prepare(
        self, source: Path, out: Path, slices: Slices, progress: Count, options: Mapping[str, str] | None = None
    ) -> None:
        """Read the public layout, or its archives, at `source` and write a prepared set into the empty folder `out`.

        Raises:
            DataError: something at `source`, or an option, does not fit; it is named.
        """
        if slices.labels is not None and slices.labels not in self.labels:
            raise DataError(f"data set {self.name} has one kind of label: leave slices.labels out of its protocol")
        read: Any = self.load()
        given = self._read(options or {})
        with unpacked(source, out.parent, self.archives) as folder:
            read(folder, out, slices, progress, *given)
        writing.declare(out, {"dataset": self.name, "synthetic": self.synthetic, "published": self.images})

    def _read(self, options: Mapping[str, str]) -> list[BaseModel]:
        if self.options is None:
            if options:
                raise DataError(f"data set {self.name} takes no options, got {', '.join(options)}")
            return []
        known = self.options.model_fields
        for name in options:
            if name not in known:
                raise DataError(f"option {name} is unknown: {self.name} takes {', '.join(known)}")
        try:
            return [self.options.model_validate(dict(options))]
        except ValidationError as error:
            first = error.errors()[0]
            where = f"option {first['loc'][0]}={options[str(first['loc'][0])]}" if first["loc"] else "the options"
            raise DataError(f"data set {self.name}: {where} cannot be read: {first['msg']}") from None


_SHIPPED = ConfigKind("data set", "datasets", StudyError)


class _File(BaseModel):
    """A file of `configs/datasets`; the fields of a `DatasetSpec`, with `reader` for its factory."""

    model_config = ConfigDict(extra="forbid")

    name: str
    summary: str
    reader: str
    options: str | None = None
    homepage: str
    licence: str
    citation: str
    layout: str
    archives: tuple[str, ...] = ()
    md5: dict[str, str] = {}
    labels: tuple[str, ...] = ()
    images: int | None = None
    maker: str | None = None


def read_spec(file: Path) -> DatasetSpec:
    """Read the description of a data set.

    Raises:
        StudyError: the file is no such description; the key is named.
    """
    values = documents.parse(_File, _SHIPPED.read(file), file, StudyError)
    if values.name != file.stem:
        raise StudyError(f"{file}: name is {values.name!r}, must be the file's name {file.stem!r}")
    options = load(values.options) if values.options else None
    return DatasetSpec(factory=values.reader, options=options, **values.model_dump(exclude={"reader", "options"}))


registry = Registry("data", "data set", map(read_spec, map(_SHIPPED.find, _SHIPPED.names())))
get = registry.get


def folder_name(name: str, slices: Slices) -> str:
    """Name of a prepared set: data set, slice side in pixels, overlap in percent, and its labels where not the full ones."""
    eroded = ".eroded" if slices.labels == "eroded" else ""
    return f"{name}-{slices.size}-{round(slices.overlap * 100)}{eroded}"
