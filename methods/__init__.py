"""The methods registry: every way of obtaining backbone weights, listed without importing torch."""

from bench.core.registry import Registry
from bench.pretraining.options import PretrainOptions
from bench.pretraining.spec import MethodSpec
from methods.options.barlowtwins import BarlowTwinsOptions
from methods.options.cmid import CMIDOptions
from methods.options.contrastive import BYOLOptions, MoCoOptions, SimCLROptions
from methods.options.densecl import DenseCLOptions
from methods.options.dino import DINOOptions
from methods.options.geokr import ClassificationOptions, GeoKROptions
from methods.options.gersp import GeRSPOptions
from methods.options.initial import FeatureOptions, ImageNetOptions, RandomOptions
from methods.options.landcover import CorrectionOptions, SegmentationOptions
from methods.options.patches import IJEPAOptions, MAEOptions
from methods.options.simsiam import SimSiamOptions
from methods.options.softcon import SoftConOptions
from methods.options.supervised import SupervisedOptions
from methods.options.vicreg import VICRegOptions
from methods.options.weights import WeightsOptions

TILES = frozenset({"tiles"})
LANDCOVER = frozenset({"tiles", "landcover"})
GEOKR = "Li et al., Geographical Knowledge-Driven Representation Learning, TGRS 2021, arXiv:2107.05276"

_BUILTIN = [
    MethodSpec(
        name="random",
        summary="The backbone's own initialisation, nothing pretrained.",
        factory="methods.initialisation:RandomInitialisation",
        options=RandomOptions,
        needs=frozenset(),
        version=1,
        reference="",
    ),
    MethodSpec(
        name="random-raw",
        summary="The same with batch norm's statistics as initialised, which normalise nothing; never a reference.",
        factory="methods.initialisation:Initialisation",
        options=PretrainOptions,
        needs=frozenset(),
        version=1,
        reference="",
        no_reference="its batch norm normalises nothing, which a probe would credit to the others' pretraining: "
        "take random",
    ),
    MethodSpec(
        name="imagenet",
        summary="Published weights, trained on ImageNet's labels.",
        factory="methods.initialisation:ImageNetInitialisation",
        options=ImageNetOptions,
        needs=frozenset(),
        version=1,
        reference="torchvision's IMAGENET1K_V1 weights; Deng et al., ImageNet, CVPR 2009",
    ),
    MethodSpec(
        name="weights",
        summary="Weights of a checkpoint of any library, as they are; a study names each under `weights`.",
        factory="methods.weights:Weights",
        options=WeightsOptions,
        needs=frozenset(),
        version=1,
        reference="",
    ),
    MethodSpec(
        name="image-stats",
        summary="Colour and texture statistics of an image, without a network; to be probed.",
        factory="methods.initialisation:Initialisation",
        options=FeatureOptions,
        needs=frozenset(),
        version=1,
        reference="a floor of ours; Stricker and Orengo, Similarity of color images, SPIE 1995",
        network="image-stats",
    ),
    MethodSpec(
        name="mosaiks",
        summary="Random convolutional features of 512 whitened patches of the corpus; to be probed.",
        factory="methods.mosaiks:Mosaiks",
        options=FeatureOptions,
        needs=TILES,
        version=1,
        reference="Rolf et al., A generalizable and accessible approach to machine learning with global satellite "
        "imagery, Nature Communications 2021",
        network="mosaiks",
    ),
    MethodSpec(
        name="oracle",
        summary="The ceiling: a backbone that learned the protocol itself, from all labels of its training part.",
        factory="bench.studies.oracle:train",
        options=PretrainOptions,
        needs=frozenset({"protocol"}),
        version=1,
        reference="a positive control of ours",
    ),
    MethodSpec(
        name="geokr",
        summary="Land-cover proportions of each tile as supervision, steadied by a mean teacher.",
        factory="methods.geokr:GeoKR",
        parallel=True,
        options=GeoKROptions,
        needs=LANDCOVER,
        version=4,
        reference=GEOKR,
    ),
    MethodSpec(
        name="geokr-student",
        summary="GeoKR, but the student is exported and not its teacher (Table X).",
        factory="methods.geokr:GeoKR",
        parallel=True,
        options=GeoKROptions,
        needs=LANDCOVER,
        version=4,
        reference=GEOKR,
        defaults={"export": "student"},
    ),
    MethodSpec(
        name="geokr-representation",
        summary="GeoKR's land-cover loss alone, without a teacher (Table X).",
        factory="methods.geokr:GeoKR",
        parallel=True,
        options=GeoKROptions,
        needs=LANDCOVER,
        version=3,
        reference=GEOKR,
        defaults={"consistency": "none", "export": "student"},
    ),
    MethodSpec(
        name="geokr-classification",
        summary="Cross-entropy on each tile's dominant land-cover class (Table X).",
        factory="methods.geokr:LandCoverClassification",
        parallel=True,
        options=ClassificationOptions,
        needs=LANDCOVER,
        version=3,
        reference=GEOKR,
    ),
    MethodSpec(
        name="moco",
        summary="Momentum contrast between two views of a tile, against a queue of other tiles.",
        factory="methods.moco:MoCo",
        parallel=True,
        options=MoCoOptions,
        needs=TILES,
        version=3,
        reference="He et al., MoCo, CVPR 2020; Chen et al., MoCo v2, arXiv:2003.04297",
    ),
    MethodSpec(
        name="simclr",
        summary="Contrast between two views of a tile, against the other tiles of the batch.",
        factory="methods.simclr:SimCLR",
        parallel=True,
        options=SimCLROptions,
        needs=TILES,
        version=2,
        reference="Chen et al., SimCLR, ICML 2020, arXiv:2002.05709",
    ),
    MethodSpec(
        name="byol",
        summary="Prediction of a mean teacher's projection of another view, without negatives.",
        factory="methods.byol:BYOL",
        parallel=True,
        options=BYOLOptions,
        needs=TILES,
        version=3,
        reference="Grill et al., BYOL, NeurIPS 2020, arXiv:2006.07733",
    ),
    MethodSpec(
        name="cmid",
        summary="Masked image modelling with global contrast and local matching against a mean teacher.",
        factory="methods.cmid.method:CMID",
        options=CMIDOptions,
        needs=TILES,
        version=3,
        reference="Muhtar et al., CMID, TGRS 2023, arXiv:2304.09670",
    ),
    MethodSpec(
        name="mae",
        summary="Pixels of the patches that a plain transformer does not see, by a decoder.",
        factory="methods.mae:MAE",
        options=MAEOptions,
        needs=TILES,
        version=1,
        reference="He et al., Masked autoencoders are scalable vision learners, CVPR 2022, arXiv:2111.06377",
    ),
    MethodSpec(
        name="ijepa",
        summary="Features of the patches that a plain transformer does not see, as a mean teacher gives them.",
        factory="methods.ijepa:IJEPA",
        options=IJEPAOptions,
        needs=TILES,
        version=1,
        reference="Assran et al., Self-supervised learning from images with a joint-embedding predictive architecture, "
        "CVPR 2023, arXiv:2301.08243",
    ),
    MethodSpec(
        name="gersp",
        summary="Momentum contrast on tiles and classification of labelled natural images in one encoder.",
        factory="methods.gersp:GeRSP",
        options=GeRSPOptions,
        needs=frozenset({"tiles", "labelled"}),
        version=3,
        reference="Huang et al., GeRSP, TGRS 2024, arXiv:2401.04614",
    ),
    MethodSpec(
        name="supervised",
        summary="Classification of labelled pictures alone, as ImageNet's weights are made.",
        factory="methods.supervised:Supervised",
        options=SupervisedOptions,
        needs=frozenset({"tiles", "labelled"}),
        version=1,
        reference="He et al., Deep Residual Learning, CVPR 2016; recipe of torchvision's reference training",
    ),
    MethodSpec(
        name="softcon",
        summary="Contrast in the batch whose targets are how alike the tiles' land cover is.",
        factory="methods.softcon:SoftCon",
        parallel=True,
        options=SoftConOptions,
        needs=LANDCOVER,
        version=1,
        reference="Wang et al., Multi-Label Guided Soft Contrastive Learning, TGRS 2024, arXiv:2405.20462",
    ),
    MethodSpec(
        name="dino",
        summary="Distillation of a mean teacher's centred and sharpened outputs for another view.",
        factory="methods.dino:DINO",
        parallel=True,
        options=DINOOptions,
        needs=TILES,
        version=1,
        reference="Caron et al., DINO, ICCV 2021, arXiv:2104.14294",
    ),
    MethodSpec(
        name="vicreg",
        summary="Views that agree, in numbers that keep their spread and do not repeat each other.",
        factory="methods.vicreg:VICReg",
        parallel=True,
        options=VICRegOptions,
        needs=TILES,
        version=1,
        reference="Bardes et al., VICReg, ICLR 2022, arXiv:2105.04906",
    ),
    MethodSpec(
        name="barlowtwins",
        summary="Two views whose numbers correlate with themselves alone.",
        factory="methods.barlowtwins:BarlowTwins",
        parallel=True,
        options=BarlowTwinsOptions,
        needs=TILES,
        version=1,
        reference="Zbontar et al., Barlow Twins, ICML 2021, arXiv:2103.03230",
    ),
    MethodSpec(
        name="simsiam",
        summary="Prediction of the network's own projection of another view, without negatives or a teacher.",
        factory="methods.simsiam:SimSiam",
        parallel=True,
        options=SimSiamOptions,
        needs=TILES,
        version=1,
        reference="Chen and He, SimSiam, CVPR 2021, arXiv:2011.10566",
    ),
    MethodSpec(
        name="densecl",
        summary="Momentum contrast of tiles and of positions on the last feature map, matched by their features.",
        factory="methods.densecl:DenseCL",
        options=DenseCLOptions,
        needs=TILES,
        version=1,
        reference="Wang et al., DenseCL, CVPR 2021, arXiv:2011.09157",
    ),
    MethodSpec(
        name="landcover-correction",
        summary="Land-cover proportions with a correction matrix learned beside them; not GeCo, after its abstract.",
        factory="methods.landcover_correction:LandCoverCorrection",
        parallel=True,
        options=CorrectionOptions,
        needs=LANDCOVER,
        version=1,
        reference="ours, not GeCo, of which the abstract is at hand; Patrini et al., forward correction, CVPR 2017",
    ),
    MethodSpec(
        name="landcover-segmentation",
        summary="The land-cover class of each pixel, on maps that the corpus kept.",
        factory="methods.landcover_segmentation:LandCoverSegmentation",
        options=SegmentationOptions,
        needs=LANDCOVER | {"maps"},
        version=1,
        reference="ours: plain supervised segmentation of a land-cover product",
    ),
]

registry = Registry("methods", "method", _BUILTIN, listed_by="bench methods")
get = registry.get
