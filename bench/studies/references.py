"""References whose weights are not on this machine: a run goes without them, and says so."""

import methods
from bench.backbones.sources import IMAGENET
from bench.studies.study import Study


def missing_references(study: Study) -> dict[tuple[str, str], str]:
    """References that a run leaves out, since it would have to download their weights: a line by row and backbone.

    A row that the study lists among its methods is never left out.
    """
    asked = {row.name for row in study.methods}
    added = [row for row in study.rows() if row.name not in asked and not methods.get(row.method).trains]
    published = [row for row in added if study.options_of(row).starts_at() == IMAGENET]
    found = {}
    for row in published:
        from bench.backbones.initial import missing  # torch, where a study asks for published weights

        for backbone in filter(row.on, study.backbones):
            if (why := missing(backbone)) is not None:
                name = "ImageNet" if row.name == IMAGENET else row.name
                found[row.name, backbone] = f"{name} row missing for {backbone}: {why}"
    return found
