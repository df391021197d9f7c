"""`bench products`: the land-cover products whose codes the harness can read."""

from bench.cli.listing import Facts, command
from bench.corpus.landcover.product import CLASSES
from bench.corpus.landcover.registry import ProductSpec, registry


def _of_product(spec: ProductSpec) -> Facts:
    product = spec.load()
    mapped = {entry.target for entry in product.codes} - {None}
    return {
        "resolution": product.resolution,
        "classes": f"{len(mapped)} of {len(CLASSES)}, from {len(product.codes)} codes",
        "source": product.source,
    }


products = command(registry, "List the land-cover products: resolution, classes reached, source.", _of_product)
