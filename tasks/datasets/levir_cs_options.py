"""How a copy of Levir-CS is read, where it differs from the default."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bench.core.bands import COLOURS, Values


def _parted(text: Any) -> Any:
    return [part for part in text.split(",") if part] if isinstance(text, str) else text


def _values(text: Any) -> Any:
    """`0+64,255,` as the values of three classes."""
    return (
        [[value for value in part.split("+") if value] for part in text.split(",")] if isinstance(text, str) else text
    )


def _range(text: Any) -> Any:
    return text.split(":") if isinstance(text, str) else text


Value = Annotated[int, Field(ge=0, le=255)]
Band = Annotated[int, Field(ge=1)]


class LevirCSOptions(BaseModel):
    """How scenes and masks are read, such as `values=0,1,2`, `ignored=255`, `bands=3,2,1`, `range=0:1023`.

    Attributes:
        values: the mask's values of background, cloud and snow, `+` between several of one; an empty class does not
            occur.
        ignored: mask values that are not scored.
        bands: bands to take, from 1; those of red, green and blue where not given, or GF-1's where the file is silent.
        names: what the bands are, in their order.
        range: values that become 0 and 255, for scenes of more than 8 bits.
        type: type of the stored values; uint16 keeps scenes of 16 bits as they are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    values: Annotated[tuple[tuple[Value, ...], tuple[Value, ...], tuple[Value, ...]], BeforeValidator(_values)] = (
        (0,),
        (1,),
        (2,),
    )
    ignored: Annotated[tuple[Value, ...], BeforeValidator(_parted)] = ()
    bands: Annotated[tuple[Band, ...] | None, BeforeValidator(_parted)] = None
    names: Annotated[tuple[str, ...], BeforeValidator(_parted)] = COLOURS
    range: Annotated[tuple[float, float] | None, BeforeValidator(_range)] = None
    type: Values = "uint8"

    @model_validator(mode="after")
    def _fit(self) -> "LevirCSOptions":
        if len(self.bands or COLOURS) != len(self.names) or len(set(self.names)) != len(self.names):
            raise ValueError(
                f"{len(self.bands or COLOURS)} bands need as many different names, got {','.join(self.names)}"
            )
        if self.range and self.range[0] >= self.range[1]:
            raise ValueError("range is LOW:HIGH, LOW below HIGH")
        if self.range and self.type == "uint16":
            raise ValueError("range makes 8 bits of the values: leave out range or type")
        return self
