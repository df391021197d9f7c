"""Average precision of detections over a whole set, as COCO and as VOC define it, from what was matched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bench.metrics.means import mean
from bench.metrics.outcomes import Arrays, Outcomes, array, below, smallest

Numbers = NDArray[np.integer[Any]]

# COCO's thresholds on intersection over union, its points of recall, and its ranges of area in square pixels of the image
# as it was cut: an image of 64 pixels cannot hold a large object. The first range is of all.
THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
SIZES = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
ALL = 0
_AT_50, _AT_75 = 0, 5
# Points of recall of VOC 2007's average precision: 0, 0.1, ..., 1.
_VOC_POINTS = 10


def bits_of(flags: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Flags B x ... as numbers, a bit for each of the B."""
    places = (1 << np.arange(len(flags))).reshape(-1, *[1] * (flags.ndim - 1))
    return np.asarray((flags * places).sum(axis=0), dtype=np.uint16)


def _flags(numbers: Numbers, count: int) -> NDArray[np.bool_]:
    """The opposite of `bits_of`: numbers N as flags B x N."""
    return (numbers.astype(np.int64) >> np.arange(count)[:, None] & 1).astype(bool)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Columns of one length; each row is of one image (a place in the set) and class, and of `sizes`, a bit a range."""

    image: Numbers
    kind: Numbers
    sizes: Numbers

    def __len__(self) -> int:
        return len(self.image)

    def at(self, rows: Any, **changes: Any) -> Self:
        """Some rows, with other values in some columns."""
        return type(self)(**{each.name: getattr(self, each.name)[rows] for each in fields(self)} | changes)

    def of(self, number: int) -> Self:
        """The rows of one class."""
        return self.at(self.kind == number)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The rows of several, one after the other."""
        return cls(**{each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)})

    @classmethod
    def none(cls) -> Self:
        """No row."""
        return cls(**{each.name: np.zeros((0, *_WIDE.get(each.name, ())), np.int64) for each in fields(cls)})


@dataclass(frozen=True, eq=False)
class Objects(_Rows):
    """The true boxes."""


@dataclass(frozen=True, eq=False)
class Matched(_Rows):
    """Detections that lie on an object, of each class by descending score over the whole set.

    Attributes:
        score: of the network.
        hits: at which of COCO's thresholds it is right, a bit a threshold, for each range of areas, D x 4.
        ignored: at which it lies on an object beyond the range, and so is neither right nor wrong, D x 4.
        voc: whether VOC calls it right.
    """

    score: NDArray[np.floating[Any]]
    hits: Numbers
    ignored: Numbers
    voc: NDArray[Any]


@dataclass(frozen=True, eq=False)
class Alarms(_Rows):
    """Detections that lie on nothing: so many of an image, class and size between two matched ones of the class.

    Where the image is N, one beyond the last, they are of all images together (see `bench.metrics.matching`).

    Attributes:
        gap: number of matched detections of the class that come before.
        count: how many.
    """

    gap: Numbers
    count: Numbers

    @classmethod
    def counted(cls, number: int, gap: Numbers, image: Numbers, sizes: Numbers) -> Self:
        """Count the alarms of class `number`, each of a gap, image and size."""
        rows, count = np.unique(np.stack([gap, sizes, image]), axis=1, return_counts=True)
        return cls(image=rows[2], kind=np.full(len(count), number), sizes=rows[1], gap=rows[0], count=count)


# Columns that hold a number for each range of areas.
_WIDE = {"hits": (len(SIZES),), "ignored": (len(SIZES),)}
_COLUMNS: dict[str, type[_Rows]] = {"objects": Objects, "matched": Matched, "alarms": Alarms}


@dataclass(frozen=True, eq=False)
class BoxOutcomes(Outcomes):
    """The boxes of each image: what `bench.metrics.matching` found.

    Attributes:
        classes: K names.
        images: number of images N.
        objects, matched, alarms: what is there, what was found of it, and what was found beside it.
    """

    kind: ClassVar[str] = "box"
    classes: Sequence[str]
    images: int
    objects: Objects
    matched: Matched
    alarms: Alarms

    def __len__(self) -> int:
        return self.images

    def scores(self) -> dict[str, float]:
        """Score detections as COCO does.

        What is found in an image without objects is a false alarm like any other. A class that the truth does not have
        is left out of the means, and has no entry.

        Returns:
            `AP50` (precision averaged over recall at IoU 0.5, mean over classes), `AP` (the mean of that over IoU 0.5
            to 0.95), `AP50/<class>` and `AP/<class>`; in [0, 1]. All are 0 where the set has no object at all.
        """
        if not len(self.objects):
            return {"AP50": 0.0, "AP": 0.0}
        by_class = self._by_class(ALL)
        means = np.mean(list(by_class.values()), axis=0)
        return {
            "AP50": float(means[_AT_50]),
            "AP": float(means.mean()),
            **{f"AP50/{name}": float(values[_AT_50]) for name, values in by_class.items()},
            **{f"AP/{name}": float(values.mean()) for name, values in by_class.items()},
        }

    def further(self) -> dict[str, float]:
        """What else papers print of a detection.

        Returns:
            `AP75`; `AP_small`, `AP_medium`, `AP_large` (`AP` of objects of less than 32^2, up to 96^2, and of more square
            pixels of the image as it was cut; no entry where the set has none); `VOC07_AP50` (VOC's, precision at 11
            points of recall) and `VOC12_AP50` (VOC's from 2010 on, the area under all points); `AP75/<class>`,
            `VOC07_AP50/<class>` and `VOC12_AP50/<class>`.
        """
        if not len(self.objects):
            return {}
        at_75 = {name: float(values[_AT_75]) for name, values in self._by_class(ALL).items()}
        sized = {size: self._by_class(place) for place, size in enumerate(SIZES) if place != ALL}
        voc = {"VOC07_AP50": self._voc(_eleven_points), "VOC12_AP50": self._voc(_all_points)}
        return {
            **_mean_and_each("AP75", at_75),
            **{f"AP_{size}": float(np.mean(list(each.values()))) for size, each in sized.items() if each},
            **{name: value for year, each in voc.items() for name, value in _mean_and_each(year, each).items()},
        }

    def take(self, at: Sequence[int] | NDArray[np.integer[Any]]) -> Self:
        """The outcomes of some images."""
        places: NDArray[np.int64] = np.asarray(at, dtype=np.int64)
        there, image = _drawn(self.objects.image, places, self.images)
        objects = self.objects.at(there, image=image)
        drawn, image = _drawn(self.matched.image, places, self.images)
        matched = self.matched.at(drawn, image=image)
        return type(self)(self.classes, len(places), objects, matched, self._moved(places, drawn))

    def arrays(self) -> Arrays:
        """All columns; each class' rows are in their order."""
        found = {
            f"{part}_{each.name}": getattr(getattr(self, part), each.name)
            for part, rows in _COLUMNS.items()
            for each in fields(rows)
        }
        whole = {name: smallest(values) for name, values in found.items() if name != "matched_score"}
        return {**whole, "matched_score": found["matched_score"].astype(np.float32), "images": np.array([self.images])}

    @classmethod
    def of_arrays(cls, classes: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Outcomes from what `arrays` gave."""
        images = int(array(arrays, "images", "iu", (1,))[0])
        parts: dict[str, Any] = {}
        for part, rows in _COLUMNS.items():
            count = len(array(arrays, f"{part}_image", "u", (None,)))
            columns = {
                each.name: array(
                    arrays,
                    f"{part}_{each.name}",
                    "uf" if each.name == "score" else "u",
                    (count, *_WIDE.get(each.name, ())),
                )
                for each in fields(rows)
            }
            below(columns["image"], images + (part == "alarms"), f"{part}_image")
            below(columns["kind"], len(classes), f"{part}_kind")
            parts[part] = rows(**columns)
        alarms, matched = parts["alarms"], np.bincount(parts["matched"].kind, minlength=len(classes))
        if (alarms.gap >= matched[alarms.kind]).any():
            raise ValueError("its alarms_gap is of more detections than it has matched")
        return cls(classes, images, **parts)

    def _by_class(self, place: int) -> dict[str, NDArray[np.float64]]:
        """AP at every threshold of each class that has an object in a range of areas."""
        found = {name: self._precision(number, place) for number, name in enumerate(self.classes)}
        return {name: values.mean(axis=1) for name, values in found.items() if values is not None}

    def _precision(self, number: int, place: int) -> NDArray[np.float64] | None:
        """COCO's interpolated precision, thresholds x recalls; None where no object is of this class and range."""
        objects = int(_in_range(self.objects.of(number), place).sum())
        if not objects:
            return None
        matched, alarms = self.matched.of(number), self.alarms.of(number)
        hits, ignored = (_flags(each[:, place], len(THRESHOLDS)) for each in (matched.hits, matched.ignored))
        wrong = ~hits & ~ignored & _in_range(matched, place)
        before = _alarms_before(alarms, len(matched), _in_range(alarms, place))
        found, false = np.cumsum(hits, axis=1), np.cumsum(wrong, axis=1) + before
        # Nothing found yet and nothing wrong: 0 of 0 is 0, as in COCO.
        precision = found / (false + found + np.spacing(1))
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        padded = np.pad(envelope, ((0, 0), (0, 1)))
        reached = [np.searchsorted(each / objects, RECALLS, side="left") for each in found]
        return np.take_along_axis(padded, np.array(reached), axis=1)

    def _voc(self, area: Callable[[NDArray[np.int64], NDArray[np.float64], int], float]) -> dict[str, float]:
        """VOC's AP50 of each class that has an object."""
        found = {}
        for number, name in enumerate(self.classes):
            objects = len(self.objects.of(number))
            if objects:
                matched, alarms = self.matched.of(number), self.alarms.of(number)
                hits = np.cumsum(matched.voc.astype(np.int64))
                all_found = np.arange(1, len(matched) + 1) + _alarms_before(alarms, len(matched), np.ones(len(alarms)))
                found[name] = area(hits, hits / all_found, objects)
        return found

    def _moved(self, at: NDArray[np.int64], drawn: Numbers) -> Alarms:
        """The alarms of the images at some places, among the matched detections that were drawn with them."""
        everywhere = self.alarms.image == self.images
        own = self.alarms.at(~everywhere)
        rows, image = _drawn(own.image, at, self.images)
        share = self.alarms.at(everywhere)
        counts = np.rint(share.count * (len(at) / self.images)).astype(np.int64)
        share = share.at(slice(None), image=np.full(len(share), len(at)), count=counts)
        alarms = Alarms.joined([own.at(rows, image=image), share])
        times = np.bincount(drawn, minlength=len(self.matched))
        gap = np.zeros(len(alarms), dtype=np.int64)
        for number in range(len(self.classes)):
            before = np.cumsum([0, *times[self.matched.kind == number]])
            of_class = alarms.kind == number
            gap[of_class] = before[alarms.gap[of_class]]
        return alarms.at(slice(None), gap=gap)


def _in_range(rows: _Rows, place: int) -> NDArray[np.bool_]:
    return np.asarray(rows.sizes >> place & 1, dtype=bool)


def _alarms_before(alarms: Alarms, matched: int, counted: NDArray[Any]) -> NDArray[np.int64]:
    """How many alarms come before each matched detection of a class."""
    by_gap = np.bincount(alarms.gap, weights=alarms.count * counted, minlength=matched)[:matched]
    return np.cumsum(by_gap.astype(np.int64))


def _drawn(image: Numbers, at: NDArray[np.int64], images: int) -> tuple[Numbers, Numbers]:
    """The rows of the images at some places, as often as these are drawn, and the place among them of each row."""
    times = np.bincount(at, minlength=images)
    places, first = np.argsort(at, kind="stable"), np.cumsum(times) - times
    rows = np.repeat(np.arange(len(image)), times[image])
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(times[image]) - times[image], times[image])
    return rows, places[first[image[rows]] + nth]


def _mean_and_each(name: str, each: Mapping[str, float]) -> dict[str, float]:
    return {name: mean(each.values()), **{f"{name}/{which}": value for which, value in each.items()}}


def _eleven_points(hits: NDArray[np.int64], precision: NDArray[np.float64], objects: int) -> float:
    """VOC 2007: the mean of the best precision from each of eleven recalls on (Everingham et al. 2010, section 4.2)."""
    points = [precision[hits * _VOC_POINTS >= point * objects] for point in range(_VOC_POINTS + 1)]
    return mean([float(each.max(initial=0.0)) for each in points])


def _all_points(hits: NDArray[np.int64], precision: NDArray[np.float64], objects: int) -> float:
    """VOC 2010 on: the area under the falling envelope of precision over recall."""
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(hits, prepend=0) * envelope).sum() / objects)
