"""Land-cover products by name: the files of `configs/landcover`, those of other packages, and a user's own file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.core.configs import ConfigKind, is_path
from bench.core.documents import parse
from bench.core.errors import CorpusError
from bench.core.registry import Registry, Spec
from bench.corpus.landcover.product import Product

PRODUCTS = ConfigKind("land-cover product", "landcover", CorpusError)


@dataclass(frozen=True, kw_only=True)
class ProductSpec(Spec):
    """One land-cover product.

    Attributes:
        factory: path of its `.yaml` file, or `module:attribute` of a `Product`.
    """

    def load(self) -> Product:
        """The product.

        Raises:
            CorpusError: the file is unreadable, what the spec names is no product, or one of another name.
        """
        product = _read(Path(self.factory)) if is_path(self.factory) else super().load()
        if not isinstance(product, Product):
            raise CorpusError(f"{self.factory} is not a land-cover product: name a .yaml file, or a Product")
        if product.name != self.name:
            raise CorpusError(f"{self.factory} is the land-cover product {product.name!r}, listed as {self.name!r}")
        return product


def _shipped() -> Iterator[ProductSpec]:
    for name in PRODUCTS.names():
        file = PRODUCTS.find(name)
        yield ProductSpec(name=name, summary=_read(file).title, factory=str(file))


def _read(file: Path) -> Product:
    return parse(Product, PRODUCTS.read(file), file, CorpusError)


registry = Registry("products", "land-cover product", _shipped(), listed_by="bench products")
get = registry.get


def load_product(product: str) -> Product:
    """Read a product by its name, or from a user's own file.

    Args:
        product: a registered name (`globeland30`), or a path that ends in `.yaml` or `.yml`.

    Raises:
        StudyError: no product has this name.
        CorpusError: the file is absent, unreadable, or not a product.
    """
    return _read(PRODUCTS.find(product)) if is_path(product) else get(product).load()
