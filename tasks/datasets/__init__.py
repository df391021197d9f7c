"""The data sets registry: where each comes from, what it holds, and the reader of its public layout."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.core.context import Count
from bench.core.errors import DataError
from bench.core.registry import Registry, Spec, load
from tasks.protocols import Slices

# done, total -> None


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(Spec):
    """One public data set.

    Attributes:
        factory: `module:function` of `(source, out, slices, progress) -> None`, which writes a prepared set.
        homepage: where a user gets the data.
        licence: terms as the owner states them.
        citation: how to cite it.
        layout: the public layout that is read.
        archives: beginnings of the names of the downloads that matter; all where empty.
        md5: sums of the downloads as TorchGeo publishes them, by file name.
        takes_options: whether the reader takes options.
        images: number of images, scenes or pairs in the published set; None where it varies.
        maker: `module:function` of `(home, say) -> source`, which makes the public layout below the data folder, or finds it
            there; None where a user brings the data.
        synthetic: whether a generator made it: its scores say nothing about the real world.
    """

    homepage: str
    licence: str
    citation: str
    layout: str
    archives: tuple[str, ...] = ()
    md5: Mapping[str, str] = field(default_factory=dict)
    takes_options: bool = False
    images: int | None = None
    maker: str | None = None
    synthetic: bool = False

    def make(self, home: Path, say: Callable[[str], None]) -> Path:
        """The folder of the public layout that a generator makes, made when it is absent."""
        assert self.maker is not None
        source: Path = load(self.maker)(home, say)
        return source

    def prepare(
        self, source: Path, out: Path, slices: Slices, progress: Count, options: Mapping[str, str] | None = None
    ) -> None:
        """Read the public layout, or its archives, at `source` and write a prepared set into the empty folder `out`.

        Raises:
            DataError: something at `source` does not fit; the file is named.
        """
        from tasks import writing
        from tasks.datasets.archives import unpacked

        if options and not self.takes_options:
            raise DataError(f"data set {self.name} takes no options, got {', '.join(options)}")
        read: Any = self.load()
        with unpacked(source, out.parent, self.archives) as folder:
            if self.takes_options:
                read(folder, out, slices, progress, options)
            else:
                read(folder, out, slices, progress)
        writing.declare(out, {"dataset": self.name, "synthetic": self.synthetic, "published": self.images})


_ISPRS = "Rottensteiner et al., The ISPRS benchmark on urban object classification and 3D building reconstruction, 2012"
_ISPRS_PAGE = "https://www.isprs.org/education/benchmarks/UrbanSemLab/"

_PUBLIC = [
    DatasetSpec(
        name="ucmerced",
        summary="2100 aerial images of 21 land-use classes, 256 x 256",
        factory="tasks.datasets.scene_folders:read_ucmerced",
        homepage="http://weegee.vision.ucmerced.edu/datasets/landuse.html",
        licence="public domain imagery of the USGS, as the owner states",
        citation="Yang and Newsam, Bag-of-visual-words and spatial extensions for land-use classification, 2010",
        images=2100,
        layout="UCMerced_LandUse/Images/<class>/<class>NN.tif",
        md5={"UCMerced_LandUse.zip": "5b7ec56793786b6dc8a908e8854ac0e4"},
    ),
    DatasetSpec(
        name="rsscn7",
        summary="2800 aerial images of 7 scene classes, 400 x 400",
        factory="tasks.datasets.scene_folders:read_rsscn7",
        homepage="https://sites.google.com/view/zhouwx/dataset",
        licence="not stated, research use",
        citation="Zou et al., Deep learning based feature selection for remote sensing scene classification, 2015",
        images=2800,
        layout="<letter><Class>/<letter>NNN.jpg, such as aGrass/a001.jpg",
    ),
    DatasetSpec(
        name="vaihingen",
        summary="33 aerial mosaics (near infrared, red, green), 9 cm, 6 classes",
        factory="tasks.datasets.isprs:read_vaihingen",
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
        summary="38 aerial mosaics of 6000 x 6000, 5 cm, 6 classes",
        factory="tasks.datasets.isprs:read_potsdam",
        homepage=_ISPRS_PAGE,
        licence="on request, research use",
        citation=_ISPRS,
        images=38,
        layout="2_Ortho_RGB/top_potsdam_R_C_RGB.tif, 5_Labels_all/top_potsdam_R_C_label.tif",
        archives=("2_Ortho_RGB", "5_Labels_all", "Potsdam"),
    ),
    DatasetSpec(
        name="levir",
        summary="21 952 images of 800 x 600 with boxes of airplanes, ships and oil tanks",
        factory="tasks.datasets.levir:read_levir",
        homepage="http://levir.buaa.edu.cn/Code.htm",
        licence="not stated, research use",
        citation="Zou and Shi, Random access memories: a new paradigm for target detection in high resolution aerial "
        "remote sensing images, 2018",
        images=21952,
        layout="<name>.jpg and <name>.txt (class x1 y1 x2 y2) side by side, or in images/ and labels/",
    ),
    DatasetSpec(
        name="levir-cs",
        summary="4168 GF-1 WFV scenes with masks of cloud and snow",
        factory="tasks.datasets.levir_cs:read_levir_cs",
        homepage="https://github.com/permanentCH5/GeoInfoNet",
        licence="not stated, research use",
        citation="Wu, Shi and Zou, A geographic information-driven method and a new large scale dataset for remote "
        "sensing cloud/snow detection, 2021",
        images=4168,
        layout="train/mss/<name>_mss.tiff, train/label_0_1_2/<name>_roiMap.tif (0 background, 1 cloud, 2 snow), or "
        "images/<name>.tif, masks/<name>.png or .tif",
        takes_options=True,
    ),
    DatasetSpec(
        name="cdd",
        summary="16 000 pairs of 256 x 256 with masks of change",
        factory="tasks.datasets.change_pairs:read_cdd",
        homepage="https://drive.google.com/file/d/1GX656JqqOyBi_Ef0w65kDGVto-nHrNs9",
        licence="not stated, research use",
        citation="Lebedev et al., Change detection in remote sensing images using conditional adversarial networks, "
        "2018",
        images=16000,
        layout="Real/subset/train|val|test/{A,B,OUT}/*.jpg",
    ),
    DatasetSpec(
        name="levir-cd",
        summary="637 pairs of 1024 x 1024 with masks of building change",
        factory="tasks.datasets.change_pairs:read_levir_cd",
        homepage="https://justchenhao.github.io/LEVIR/",
        licence="research use",
        citation="Chen and Shi, A spatial-temporal attention-based method and a new dataset for remote sensing image "
        "change detection, 2020",
        images=637,
        layout="train|val|test/{A,B,label}/*.png",
    ),
]

# Name, what it holds, what makes it, and the public data set in whose layout it is made.
_SYNTHETIC = [
    ("demo-city", "synthetic city mosaics, 6 classes", "bench.demo.sets:city", "potsdam"),
    ("demo-scenes", "synthetic scenes of 8 classes", "bench.demo.sets:scenes", "ucmerced"),
    (
        "demo-objects",
        "synthetic images with boxes of airplanes, ships and oil tanks",
        "bench.demo.sets:objects",
        "levir",
    ),
    ("demo-clouds", "synthetic scenes with cloud and snow", "bench.demo.sets:clouds", "levir-cs"),
    ("demo-change", "synthetic pairs with masks of change", "bench.demo.sets:changes", "levir-cd"),
]


def _demo(name: str, summary: str, maker: str, twin: DatasetSpec) -> DatasetSpec:
    return dataclasses.replace(
        twin,
        name=name,
        summary=summary,
        homepage="made by the harness",
        licence="as the harness",
        citation="this software",
        layout=f"as {twin.name}",
        archives=(),
        md5={},
        images=None,
        maker=maker,
        synthetic=True,
    )


_TWINS = {spec.name: spec for spec in _PUBLIC}
registry = Registry(
    "data",
    "data set",
    [*_PUBLIC, *(_demo(name, summary, maker, _TWINS[twin]) for name, summary, maker, twin in _SYNTHETIC)],
)
get = registry.get


def folder_name(name: str, slices: Slices) -> str:
    """Name of a prepared set: data set, slice side in pixels, overlap in percent."""
    return f"{name}-{slices.size}-{round(slices.overlap * 100)}"
