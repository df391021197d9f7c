"""Land-cover products as data: codes, names, colours, and their mapping onto the paper's eight classes."""

import re
from functools import cached_property
from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

ClassName = Literal[
    "artificial surfaces",
    "bare land",
    "cultivated land",
    "forest",
    "grassland",
    "permanent snow",
    "water bodies",
    "wetland",
]

CLASSES: tuple[ClassName, ...] = get_args(ClassName)
"""The classes of Levir-KR in the index order of the paper's Table II."""

DROPPED, NODATA, UNKNOWN = len(CLASSES), len(CLASSES) + 1, len(CLASSES) + 2
"""Class indices beyond the eight: mapped onto no class (tundra, shrubland, sea), not mapped, not in the legend."""


def _is_regex(pattern: str) -> str:
    re.compile(pattern)
    return pattern


class Code(BaseModel):
    """One entry of a legend.

    Attributes:
        code: value in the raster.
        through: last value of a range that starts at `code` and shares the name; None for a single value.
        name: the product's own name of the class.
        color: `#rrggbb`, the product's own colour.
        target: the paper's class, or None for what is dropped before normalising.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: int = Field(ge=-32768, le=65535)
    through: int | None = Field(default=None, ge=-32768, le=65535)
    name: str
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")
    target: ClassName | None = Field(default=None, alias="class")

    @property
    def values(self) -> range:
        """All raster values of this entry."""
        return range(self.code, (self.code if self.through is None else self.through) + 1)


class Product(BaseModel):
    """A land-cover product, as written in `configs/landcover/*.yaml` or in a user's own file.

    Attributes:
        name: short name, as given to `--product`.
        title: full name.
        source: where to get it.
        resolution: pixel side in words.
        epochs: years the product exists for; empty where it has one.
        tiling: how the product is cut into rasters, in words.
        files: regular expression of a raster's file name, with a group `epoch` where names hold the year. Where some
            names in a folder match, the other rasters are left out: products come with layers of quality and
            probability beside the codes. Where none does, all are used.
        nodata: values that mean "not mapped", besides what the rasters themselves declare.
        codes: the legend.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    source: str = ""
    resolution: str = ""
    epochs: tuple[int, ...] = ()
    tiling: str = ""
    files: Annotated[str, AfterValidator(_is_regex)] | None = None
    nodata: tuple[int, ...] = ()
    codes: tuple[Code, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _codes_are_disjoint(self) -> "Product":
        seen = set(self.nodata)
        for entry in self.codes:
            if entry.through is not None and entry.through < entry.code:
                raise ValueError(f"code {entry.code} goes through {entry.through}, which is smaller")
            for value in entry.values:
                if value in seen:
                    raise ValueError(f"code {value} stands twice")
                seen.add(value)
        if all(entry.target is None for entry in self.codes):
            raise ValueError("no code is mapped onto a class")
        return self

    @cached_property
    def indices(self) -> dict[int, int]:
        """Class index of every raster value in the legend, `DROPPED` and `NODATA` included."""
        table = dict.fromkeys(self.nodata, NODATA)
        for entry in self.codes:
            target = DROPPED if entry.target is None else CLASSES.index(entry.target)
            table.update(dict.fromkeys(entry.values, target))
        return table

    def lookup(self, nodata: float | None) -> NDArray[np.uint8]:
        """Class index of every 17-bit value, for `table[raster.astype(int32) + 32768]`.

        Args:
            nodata: the raster's own no-data value; it wins over the legend.

        Returns:
            98,304 indices for values -32768 to 65535.
        """
        table = np.full(32768 + 65536, UNKNOWN, dtype=np.uint8)
        for value, index in self.indices.items():
            table[value + 32768] = index
        if nodata is not None and np.isfinite(nodata) and -32768 <= nodata <= 65535 and nodata == int(nodata):
            table[int(nodata) + 32768] = NODATA
        return table

    def is_named(self, file_name: str) -> bool:
        """Whether a raster bears a name that the publisher gives to its codes."""
        return bool(self.files and re.fullmatch(self.files, file_name))

    def epoch_of(self, file_name: str) -> int | None:
        """The year in a raster's file name, or None where the product's names hold none."""
        match = re.fullmatch(self.files, file_name) if self.files else None
        text = match.groupdict().get("epoch") if match else None
        return int(text) if text else None
