"""Where a data set lies, by its name or by a prepared folder."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import DataError
from bench.core.paths import data_home
from bench.corpus.scenes.overlap import known
from bench.studies.inputs import list_prepared
from bench.studies.overlap import places_of_area
from tasks.prepared import INDEX, Prepared


def places_of(dataset: str, home: Path | None = None) -> NDArray[np.float64]:
    """Footprints of a data set's images in degrees, `N x 4 x 2`, or of the area that its file states.

    Args:
        dataset: the folder of a prepared set, or a registered name: all that is prepared of it counts.
        home: the data folder.

    Raises:
        DataError: neither its images nor its file say a place.
        StudyError: there is no such data set.
    """
    if (Path(dataset) / INDEX).is_file():
        opened = [Prepared.open(Path(dataset))]
        name = str(opened[0].index.get("dataset", dataset))
    else:
        name = dataset
        opened = [Prepared.open(path) for each, path in list_prepared(home or data_home()) if each == dataset]
    found = [data.footprints for data in opened if data.footprints is not None]
    placed = np.concatenate(found) if found else np.empty((0, 4, 2))
    placed = placed[known(placed)]
    if len(placed):
        return placed
    area = places_of_area(name)
    if not len(area):
        raise DataError(
            f"data set {dataset} has no places: its images are not georeferenced and its file states no areas; prepare it "
            "from georeferenced images, or write `areas` into a file of your own"
        )
    return area
