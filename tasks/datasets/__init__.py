"""The data sets registry: where each comes from, what it holds, and the reader of its public layout.

Each of the harness' own is a file in `configs/datasets`, found by listing the folder; a new one is a new file there.
Its `contents` describe the layout, or `reader` names what reads it. Other packages add theirs by entry points
`geokr_bench.data` that name a `DatasetSpec`. A user's own is a file in `datasets` where the command runs, or anywhere by
its path: it has `contents` and names no code.
"""

import re
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from bench.core import configs, documents
from bench.core.configs import ConfigKind
from bench.core.context import Count, Say
from bench.core.errors import DataError, StudyError
from bench.core.registry import Registry, Spec, load
from bench.core.suggest import among, file_meant
from tasks import writing
from tasks.datasets.archives import unpacked
from tasks.datasets.described.contents import Contents
from tasks.datasets.downloads import Downloads
from tasks.protocol_parts import Slices


def _is_box(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, south, east, north = bounds
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south < north <= 90):
        raise ValueError("is no box of degrees: write [west, south, east, north]")
    return bounds


Area = Annotated[tuple[float, float, float, float], AfterValidator(_is_box)]


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
        contents: what the layout is, of sets that no code of their own reads (`tasks.datasets.described.contents`).
        packed: whether archives are unpacked before it is read.
        source: where a user's own files lie; None where they are named to `bench data prepare`.
        maker: `module:function` of `(home, say) -> source`, which makes the public layout below the data folder, or
            finds it there; None where a user brings the data. What is made is synthetic: its scores say nothing about the
            real world.
        label_source: who or what labelled it, in a few words; empty where that is not known.
        kin: legends of land cover (`bench products`, `configs/landcover-of-classes`) whose classes are kin to its own: a
            row that learns one of them has learned something of these labels.
        areas: boxes in degrees (west, south, east, north) that hold all of its images, where that is public; images that
            are georeferenced say it better, and need none.
        downloads: its files, where they have public addresses and stated sums.
        by_hand: how a user gets what `bench data download` cannot, or why it cannot; empty where it gets all.
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
    contents: Contents | None = None
    source: Path | None = None
    packed: bool = True
    label_source: str = ""
    kin: tuple[str, ...] = ()
    areas: tuple[Area, ...] = ()
    downloads: Downloads | None = None
    by_hand: str = ""

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
        with unpacked(source, out.parent, self.archives) if self.packed else nullcontext(source) as folder:
            read(folder, out, slices, progress, *given)
        described = {"described": self.contents.hash} if self.contents else {}
        writing.declare(out, {"dataset": self.name, "synthetic": self.synthetic, "published": self.images, **described})

    def _read(self, options: Mapping[str, str]) -> list[Any]:
        if self.contents is not None and not options:
            return [self.contents]
        if self.options is None:
            if options:
                raise DataError(f"data set {self.name} takes no options, got {', '.join(options)}")
            return []
        known = self.options.model_fields
        for name in options:
            if name not in known:
                raise DataError(f"data set {self.name} has no option {name!r}{among(name, known)}")
        try:
            return [self.options.model_validate(dict(options))]
        except ValidationError as error:
            first = error.errors()[0]
            where = f"option {first['loc'][0]}={options[str(first['loc'][0])]}" if first["loc"] else "the options"
            raise DataError(f"data set {self.name}: {where} cannot be read: {first['msg']}") from None


@dataclass(frozen=True, kw_only=True)
class TorchGeoSpec(DatasetSpec):
    """A data set that TorchGeo reads, by the name of its class there."""

    def _read(self, options: Mapping[str, str]) -> list[Any]:
        return [self.name.removeprefix(TORCHGEO), *super()._read(options)]


def of_torchgeo(name: str) -> TorchGeoSpec:
    """The data set `torchgeo:<name>`; whether TorchGeo has it is looked at when it is prepared.

    Raises:
        StudyError: it can be no name of a class.
    """
    if not name.isidentifier():
        raise StudyError(f"torchgeo:{name}: write the name of a class of torchgeo.datasets, such as torchgeo:LoveDA")
    return TorchGeoSpec(
        name=f"{TORCHGEO}{name}",
        summary=f"what TorchGeo's {name} reads",
        factory="tasks.datasets.torchgeo_sets:read",
        options=load("tasks.datasets.torchgeo_sets:TorchGeoOptions"),
        homepage="https://torchgeo.readthedocs.io/en/stable/api/datasets.html",
        licence="as TorchGeo's page of data sets states",
        citation=f"as the documentation of TorchGeo's {name} states",
        layout="as TorchGeo reads it, below the folder of --source",
        packed=False,
    )


_SHIPPED = ConfigKind("data set", "datasets", StudyError)
DESCRIBED = "tasks.datasets.described.reading:read"
NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
TORCHGEO = "torchgeo:"
# A user's own files, relative to where a command runs.
OWN = Path("datasets")


class _File(BaseModel):
    """A file of `configs/datasets`; the fields of a `DatasetSpec`, with `reader` or `contents` for its factory."""

    model_config = ConfigDict(extra="forbid")

    name: str
    summary: str
    reader: str | None = None
    contents: Contents | None = None
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
    label_source: str = ""
    kin: tuple[str, ...] = ()
    areas: tuple[Area, ...] = ()
    downloads: Downloads | None = None
    by_hand: str = ""

    @model_validator(mode="after")
    def _is_read_in_one_way(self) -> "_File":
        if (self.reader is None) == (self.contents is None):
            raise ValueError("a data set has contents, or a reader")
        return self

    @model_validator(mode="after")
    def _downloads_have_sums(self) -> "_File":
        lacking = [file for file in (self.downloads.files if self.downloads else ()) if file not in self.md5]
        if lacking:
            raise ValueError(f"downloads: {lacking[0]} has no sum in md5")
        return self


class _Own(BaseModel):
    """A user's own file; it names no code, for a file of data must not run any."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=f"^{NAME}$")]
    summary: str = "a data set of your own"
    contents: Contents
    source: str | None = None
    homepage: str = "not stated"
    licence: str = "not stated"
    citation: str = "not stated"
    layout: str = "as its file describes it"
    images: int | None = None
    label_source: str = ""
    kin: tuple[str, ...] = ()
    areas: tuple[Area, ...] = ()


def read_own(file: Path) -> DatasetSpec:
    """Read a user's own description of a data set.

    Raises:
        StudyError: the file is no such description, or has the name of a data set that is known; the key is named.
    """
    values = documents.parse(_Own, configs.read_values(file, StudyError), file, StudyError)
    if values.name != file.stem:
        raise StudyError(f"{file}: name is {values.name!r}, must be the file's name {file.stem!r}")
    if values.name in registry.all():
        raise StudyError(f"{file}: {values.name} is a data set that the harness knows: give yours another name")
    # Relative to the file, as what a file extends is.
    source = file.parent / Path(values.source).expanduser() if values.source else None
    facts = {name: getattr(values, name) for name in _Own.model_fields if name != "source"}
    return DatasetSpec(factory=DESCRIBED, source=source, **facts)


def read_spec(file: Path) -> DatasetSpec:
    """Read the description of a data set.

    Raises:
        StudyError: the file is no such description; the key is named.
    """
    values = documents.parse(_File, _SHIPPED.read(file), file, StudyError)
    if values.name != file.stem:
        raise StudyError(f"{file}: name is {values.name!r}, must be the file's name {file.stem!r}")
    options = load(values.options) if values.options else None
    facts = {name: getattr(values, name) for name in _File.model_fields if name not in {"reader", "options"}}
    return DatasetSpec(factory=values.reader or DESCRIBED, options=options, **facts)


class Datasets(Registry[DatasetSpec]):
    """The known data sets, and a user's own files beside them."""

    def get(self, name: str) -> DatasetSpec:
        """One data set: a known one, a user's own in the folder `datasets` here, or the one of a `.yaml` file.

        Raises:
            StudyError: the name is unknown, or the file is no description of a data set.
        """
        if configs.is_path(name):
            file = Path(name)
            if not file.is_file():
                raise StudyError(f"there is no data set {name}{file_meant(file)}: name a .yaml file that exists")
            return read_own(file)
        if name not in self.all() and re.fullmatch(NAME, name) and (file := OWN / f"{name}.yaml").is_file():
            return read_own(file)
        return super().get(name)

    def listed(self) -> dict[str, DatasetSpec]:
        """The known ones, then the user's own in the folder `datasets` here."""
        return self.all() | {file.stem: read_own(file) for file in sorted(OWN.glob("*.yaml"))}


registry = Datasets(
    "data",
    "data set",
    map(read_spec, map(_SHIPPED.find, _SHIPPED.names())),
    {TORCHGEO: f"{__name__}:of_torchgeo"},
    listed_by="bench data list",
)
get = registry.get


def folder_name(name: str, slices: Slices) -> str:
    """Name of a prepared set: data set, slice side in pixels, overlap in percent, and its labels where not the full ones."""
    eroded = ".eroded" if slices.labels == "eroded" else ""
    return f"{name}-{slices.size}-{round(slices.overlap * 100)}{eroded}"
