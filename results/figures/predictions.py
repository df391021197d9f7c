"""Predictions of several methods on the same images, beside image and truth."""

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from results.figures.drawing import plain
from results.labels import percent
from results.predictions import Gallery


def draw_predictions(gallery: Gallery) -> Figure:
    """Draw one row a test sample: what it is, its truth, then each method's prediction; a hole says so."""
    given = [part.name for part in gallery.examples[0].given]
    columns = [*given, *gallery.variants]
    figure = Figure(figsize=(1.6 * len(columns), 1.7 * len(gallery.examples) + 0.9), layout="constrained")
    axes = figure.subplots(len(gallery.examples), len(columns), squeeze=False)
    for row, example in zip(axes, gallery.examples, strict=True):
        parts = [*example.given, *(example.answers.get(variant) for variant in gallery.variants)]
        for place, part in zip(row, parts, strict=True):
            place.set_axis_off()
            if part is None or part.word is not None:
                text = plain(part.word or "") if part else "no picture"
                place.text(0.5, 0.5, text, ha="center", va="center", fontsize="small", transform=place.transAxes)
            else:
                place.imshow(part.picture, interpolation="nearest")
    for place, title in zip(axes[0], columns, strict=True):
        place.set_title(plain(title), fontsize="small")
    where = f"{gallery.protocol}, {gallery.backbone}, {percent(gallery.fraction)} of the labels, seed {gallery.seed}"
    figure.suptitle(plain(where), fontsize="medium")
    patches = [
        Patch(facecolor="#{:02x}{:02x}{:02x}".format(*colour), edgecolor="#555555", label=plain(name))
        for name, colour in gallery.legend
    ]
    if patches:
        figure.legend(handles=patches, loc="outside lower center", ncols=min(len(patches), 6), fontsize="small")
    return figure
