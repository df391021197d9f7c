"""The data sets registry: where each comes from, what it holds, and the reader of its public layout."""

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.errors import DataError
from bench.registry import pick
from tasks.protocols import Slices

# done, total -> None
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DatasetSpec:
    """One public data set.

    Attributes:
        name: name in protocols and commands.
        holds: one line.
        reader: `module:function` of `(source, out, slices, progress) -> None`, which writes a prepared set.
        homepage: where a user gets the data.
        licence: terms as the owner states them.
        citation: how to cite it.
        layout: the public layout that is read.
        archives: beginnings of the names of the downloads that matter; all where empty.
        md5: sums of the downloads as TorchGeo publishes them, by file name.
        options: whether the reader takes options.
        images: number of images, scenes or pairs in the published set; None where it varies.
        synthetic: whether a generator made it: its scores say nothing about the real world.
    """

    name: str
    holds: str
    reader: str
    homepage: str
    licence: str
    citation: str
    layout: str
    archives: tuple[str, ...] = ()
    md5: Mapping[str, str] = field(default_factory=dict)
    options: bool = False
    images: int | None = None
    synthetic: bool = False

    def prepare(
        self, source: Path, out: Path, slices: Slices, progress: Progress, options: Mapping[str, str] | None = None
    ) -> None:
        """Read the public layout, or its archives, at `source` and write a prepared set into the empty folder `out`.

        Raises:
            DataError: something at `source` does not fit; the file is named.
        """
        from tasks import writing
        from tasks.datasets.archives import unpacked

        if options and not self.options:
            raise DataError(f"data set {self.name} takes no options, got {', '.join(options)}")
        module, attribute = self.reader.split(":")
        read: Any = getattr(importlib.import_module(module), attribute)
        with unpacked(source, out.parent, self.archives) as folder:
            if self.options:
                read(folder, out, slices, progress, options)
            else:
                read(folder, out, slices, progress)
        writing.declare(out, {"dataset": self.name, "synthetic": self.synthetic, "published": self.images})


_ISPRS = "Rottensteiner et al., The ISPRS benchmark on urban object classification and 3D building reconstruction, 2012"
_ISPRS_PAGE = "https://www.isprs.org/education/benchmarks/UrbanSemLab/"

_PUBLIC = [
    DatasetSpec(
        name="ucmerced",
        holds="2100 aerial images of 21 land-use classes, 256 x 256",
        reader="tasks.datasets.scene_folders:read_ucmerced",
        homepage="http://weegee.vision.ucmerced.edu/datasets/landuse.html",
        licence="public domain imagery of the USGS, as the owner states",
        citation="Yang and Newsam, Bag-of-visual-words and spatial extensions for land-use classification, 2010",
        images=2100,
        layout="UCMerced_LandUse/Images/<class>/<class>NN.tif",
        md5={"UCMerced_LandUse.zip": "5b7ec56793786b6dc8a908e8854ac0e4"},
    ),
    DatasetSpec(
        name="rsscn7",
        holds="2800 aerial images of 7 scene classes, 400 x 400",
        reader="tasks.datasets.scene_folders:read_rsscn7",
        homepage="https://sites.google.com/view/zhouwx/dataset",
        licence="not stated, research use",
        citation="Zou et al., Deep learning based feature selection for remote sensing scene classification, 2015",
        images=2800,
        layout="<letter><Class>/<letter>NNN.jpg, such as aGrass/a001.jpg",
    ),
    DatasetSpec(
        name="vaihingen",
        holds="33 aerial mosaics (near infrared, red, green), 9 cm, 6 classes",
        reader="tasks.datasets.isprs:read_vaihingen",
        homepage=_ISPRS_PAGE,
        licence="on request, research use; provided by the DGPF",
        citation=_ISPRS,
        images=33,
        layout="top/top_mosaic_09cm_areaN.tif, ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE/",
        archives=("ISPRS_semantic_labeling_Vaihingen", "Vaihingen"),
        md5={
            "ISPRS_semantic_labeling_Vaihingen.zip": "462b8dca7b6fa9eaf729840f0cdfc7f3",
            "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE.zip": "4802dd6326e2727a352fb735be450277",
        },
    ),
    DatasetSpec(
        name="potsdam",
        holds="38 aerial mosaics of 6000 x 6000, 5 cm, 6 classes",
        reader="tasks.datasets.isprs:read_potsdam",
        homepage=_ISPRS_PAGE,
        licence="on request, research use",
        citation=_ISPRS,
        images=38,
        layout="2_Ortho_RGB/top_potsdam_R_C_RGB.tif, 5_Labels_all/top_potsdam_R_C_label.tif",
        archives=("2_Ortho_RGB", "5_Labels_all", "Potsdam"),
    ),
    DatasetSpec(
        name="levir",
        holds="21 952 images of 800 x 600 with boxes of airplanes, ships and oil tanks",
        reader="tasks.datasets.levir:read_levir",
        homepage="http://levir.buaa.edu.cn/Code.htm",
        licence="not stated, research use",
        citation="Zou and Shi, Random access memories: a new paradigm for target detection in high resolution aerial "
        "remote sensing images, 2018",
        images=21952,
        layout="<name>.jpg and <name>.txt (class x1 y1 x2 y2) side by side, or in images/ and labels/",
    ),
    DatasetSpec(
        name="levir-cs",
        holds="4168 GF-1 WFV scenes with masks of cloud and snow",
        reader="tasks.datasets.levir_cs:read_levir_cs",
        homepage="https://github.com/permanentCH5/GeoInfoNet",
        licence="not stated, research use",
        citation="Wu, Shi and Zou, A geographic information-driven method and a new large scale dataset for remote "
        "sensing cloud/snow detection, 2021",
        images=4168,
        layout="train/mss/<name>_mss.tiff, train/label_0_1_2/<name>_roiMap.tif (0 background, 1 cloud, 2 snow), or "
        "images/<name>.tif, masks/<name>.png or .tif",
        options=True,
    ),
    DatasetSpec(
        name="cdd",
        holds="16 000 pairs of 256 x 256 with masks of change",
        reader="tasks.datasets.change_pairs:read_cdd",
        homepage="https://drive.google.com/file/d/1GX656JqqOyBi_Ef0w65kDGVto-nHrNs9",
        licence="not stated, research use",
        citation="Lebedev et al., Change detection in remote sensing images using conditional adversarial networks, "
        "2018",
        images=16000,
        layout="Real/subset/train|val|test/{A,B,OUT}/*.jpg",
    ),
    DatasetSpec(
        name="levir-cd",
        holds="637 pairs of 1024 x 1024 with masks of building change",
        reader="tasks.datasets.change_pairs:read_levir_cd",
        homepage="https://justchenhao.github.io/LEVIR/",
        licence="research use",
        citation="Chen and Shi, A spatial-temporal attention-based method and a new dataset for remote sensing image "
        "change detection, 2020",
        images=637,
        layout="train|val|test/{A,B,label}/*.png",
    ),
]

_SYNTHETIC = [
    ("demo-city", "synthetic city mosaics, 6 classes", "potsdam"),
    ("demo-scenes", "synthetic scenes of 8 classes", "ucmerced"),
    ("demo-objects", "synthetic images with boxes of airplanes, ships and oil tanks", "levir"),
    ("demo-clouds", "synthetic scenes with cloud and snow", "levir-cs"),
    ("demo-change", "synthetic pairs with masks of change", "levir-cd"),
]


def registry() -> dict[str, DatasetSpec]:
    """All data sets by name; the demo's are made by the harness in the public layouts."""
    public = {spec.name: spec for spec in _PUBLIC}
    return public | {name: _demo(name, holds, public[twin]) for name, holds, twin in _SYNTHETIC}


def get(name: str) -> DatasetSpec:
    """One data set; an unknown name raises StudyError with the known ones."""
    return pick("data set", registry(), name)


def _demo(name: str, holds: str, twin: DatasetSpec) -> DatasetSpec:
    return dataclasses.replace(
        twin,
        name=name,
        holds=holds,
        homepage="made by the harness",
        licence="as the harness",
        citation="this software",
        layout=f"as {twin.name}",
        archives=(),
        md5={},
        images=None,
        synthetic=True,
    )


def folder_name(name: str, slices: Slices) -> str:
    """Name of a prepared set: data set, slice side in pixels, overlap in percent."""
    return f"{name}-{slices.size}-{round(slices.overlap * 100)}"
