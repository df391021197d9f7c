"""What comes from elsewhere and under which terms: data sets, land-cover products, public archives, published weights."""

from collections import defaultdict

from bench.core.configs import folder, read_values
from bench.core.errors import CorpusError
from bench.core.published import tables
from bench.corpus.landcover.registry import registry as products
from tasks.datasets import DatasetSpec
from tasks.datasets import registry as data_sets
from tasks.protocols import known_protocols, load_protocol
from website.markdown import code, plain, table
from website.pages import Pages
from website.reference.protocols import ALONE, FOLDER, anchor


def add_data_sets(pages: Pages) -> str:
    """The page of every data set with its terms; returns its path."""
    used: dict[str, list[str]] = defaultdict(list)
    for name in known_protocols():
        used[load_protocol(name).dataset].append(name)
    specs = list(data_sets.all().values())
    rows = [
        (f"[`{spec.name}`](#{spec.name})", plain(spec.summary), plain(spec.licence), f"{len(used[spec.name])}")
        for spec in specs
    ]
    parts = [
        (
            "# Data sets and their licences\n\nTerms are written as the owners state them. None is shipped: "
            "[Public data](//docs/data.md) says how each is prepared. A set whose name begins with `demo-` is synthetic and "
            "made on the spot.\n"
        ),
        table(["data set", "what it is", "licence", "protocols"], rows),
        *(_data_set(spec, used[spec.name]) for spec in specs),
    ]
    path = "reference/data-sets-and-licences.md"
    pages.add(path, "\n".join(parts))
    return path


def _data_set(spec: DatasetSpec, protocols: list[str]) -> str:
    links = ", ".join(f"[`{name}`](/{FOLDER}/{name.partition('/')[0] if '/' in name else ALONE}.md#{anchor(name)})"
                      for name in protocols)  # fmt: skip
    if spec.downloads:
        got = f"`bench data download {spec.name}`; addresses and sums as stated by {plain(spec.downloads.stated_by)}"
    else:
        got = plain(spec.by_hand) or ("made by the harness" if spec.synthetic else "")
    facts = {
        "homepage": _address(spec.homepage),
        "licence": plain(spec.licence),
        "cite as": plain(spec.citation),
        "layout": plain(spec.layout),
        "images": f"{spec.images:,}" if spec.images else "",
        "labels by": plain(spec.label_source),
        "how to get it": got,
        "protocols": links,
    }
    rows = [(name, value) for name, value in facts.items() if value]
    return f"## {spec.name} {{ #{spec.name} }}\n\n{plain(spec.summary)}.\n\n" + table(["", ""], rows)


def add_land_cover(pages: Pages) -> str:
    """The page of land-cover products and public archives; returns its path."""
    parts = [
        (
            "# Land cover and public archives\n\nLegends of land-cover products that `bench corpus build` knows, and the "
            "archives that `bench corpus fetch` asks. [Building a corpus](//docs/corpus.md) uses both.\n\n## Products\n"
        )
    ]
    found = [spec.load() for spec in products.all().values()]
    rows = [
        (code(each.name), plain(each.title), plain(each.resolution), plain(", ".join(map(str, each.epochs))),
         _address(each.source))
        for each in found
    ]  # fmt: skip
    parts.append(table(["product", "title", "resolution", "years", "source"], rows))
    parts.append("## Archives\n")
    sources = [read_values(file, CorpusError) for file in sorted((folder() / "sources").glob("*.yaml"))]
    rows = [
        (code(each["name"]), plain(each["title"]), plain(each["licence"]), plain(each["attribution"]),
         _address(each.get("homepage", "")))
        for each in sources
    ]  # fmt: skip
    parts.append(table(["archive", "what it holds", "licence", "what users must say", "homepage"], rows))
    for product in found:
        codes = [
            (f"{each.code}" + (f" to {each.through}" if each.through else ""), plain(each.name),
             plain(each.target or "left out"))
            for each in product.codes
        ]  # fmt: skip
        parts.append(f"## {product.name}\n\n{table(['value', 'in the product', 'class of the harness'], codes)}")
    path = "reference/land-cover.md"
    pages.add(path, "\n".join(parts))
    return path


def add_weights(pages: Pages) -> str:
    """The page of published weights; returns its path."""
    rows = [
        (code(each.name), code(each.backbone), plain(f"{each.method}, {each.data}"), plain(each.labels),
         str(len(each.channels)), plain(each.licence), f"[source]({each.source})")
        for each in tables().values()
    ]  # fmt: skip
    path = "reference/published-weights.md"
    pages.add(
        path,
        "# Published weights\n\n`bench weights fetch NAME` gets a file, once its licence is accepted, and holds it "
        "against its SHA-256; `--weights mine=hub:NAME` makes it a row. [How a file is read]"
        "(//docs/methods.md#weights-of-your-own).\n\n"
        + table(["name", "backbone", "pretrained by and on", "labels used", "bands", "licence", ""], rows),
    )
    return path


def _address(text: str) -> str:
    return f"<{text}>" if text.startswith("http") else plain(text)
