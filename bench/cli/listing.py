"""Listing what the harness knows by name: `bench methods|tasks|heads|backbones|data|products|engines`, all in one style.

A registry's command is made by `command`: alone, or as `list`, it names every entry with what matters of it; `show NAME`
adds the entry's options. Both print JSON with `--json`. Nothing here imports torch.
"""

import textwrap
from collections.abc import Callable, Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import click
from pydantic.fields import FieldInfo

import methods as registered
import tasks as problems
from bench import backbones as networks
from bench import engines as available
from bench.backbones import BackboneSpec
from bench.cli import as_json as document
from bench.cli import completing, options
from bench.cli.augmentations import augmentations
from bench.core.registry import Registry, Spec
from bench.pretraining.spec import MethodSpec
from tasks import TaskSpec
from tasks import heads as registered_heads
from tasks.heads import HeadSpec
from tasks.protocols import known_protocols, load_protocol

WIDTH = 110
# Columns of a fact's name.
NAMES = 10

S = TypeVar("S", bound=Spec)
# What matters of an entry, by short names: texts, or lists of them.
Facts = Mapping[str, str | list[str]]


def command(
    registry: Registry[S],
    text: str,
    facts: Callable[[S], Facts] | None = None,
    place: str = "a study under options.{name}",
    more: str = "",
) -> click.Group:
    """The command that lists a registry; more subcommands may be added to it.

    Args:
        registry: what is listed.
        text: the command's help.
        facts: what matters of an entry beside name, summary and needs.
        place: where an entry's options are set; `{name}` stands for its name.
        more: a last line, of what has a name but no entry.
    """

    def described(spec: S) -> dict[str, Any]:
        found = {"summary": spec.summary, "needs": sorted(spec.needs)} | dict(facts(spec) if facts else {})
        return {name: value for name, value in found.items() if value}

    def write(as_json: bool) -> None:
        entries = {spec.name: described(spec) for spec in registry.listed().values()}
        if as_json:
            document.echo(entries)
        else:
            texts = [_overview(name, found) for name, found in entries.items()]
            click.echo("\n\n".join([*texts, *([more] if more else [])]))

    @click.group(help=text, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
    @options.as_json
    @click.pass_context
    def group(context: click.Context, as_json: bool) -> None:
        if context.invoked_subcommand is None:
            write(as_json)

    @group.command("list", help=f"List every {registry.word}, as the command alone does.")
    @options.as_json
    def list_(as_json: bool) -> None:
        write(as_json)

    @group.command(help=f"Describe one {registry.word}, with its options, their limits and sources.")
    @click.argument("name", shell_complete=completing.one_of(registry.listed))
    @options.as_json
    def show(name: str, as_json: bool) -> None:
        spec = registry.get(name)
        found, known = described(spec), _options(spec)
        if as_json:
            document.echo({"name": spec.name, **found, "options": known})
        else:
            click.echo(_overview(spec.name, found) + _option_text(known, place.format(name=spec.name)))

    return group


def _overview(name: str, found: Mapping[str, Any]) -> str:
    lines = [f"{click.style(name, bold=True)}: {found['summary']}"]
    for fact, value in found.items():
        if fact != "summary":
            text = ", ".join(value) if isinstance(value, list) else value
            lines += _wrapped(text, f"    {fact:{NAMES}} ")
    return "\n".join(lines)


def _wrapped(text: str, lead: str) -> list[str]:
    """A text in lines that stand under each other; paths and protocol ids are not torn."""
    later = " " * len(lead)
    return textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=later, break_long_words=False,
                         break_on_hyphens=False)  # fmt: skip


def _options(spec: Spec) -> dict[str, dict[str, Any]]:
    """An entry's options: default, type with limits, text and source."""
    fields = spec.options.model_fields if spec.options else {}
    return {
        name: {
            "required": field.is_required(),
            "default": None
            if field.is_required()
            else spec.defaults.get(name, field.get_default(call_default_factory=True)),
            "kind": _kind(field),
            "text": field.description or "",
            "source": f"what sets {spec.name} apart" if name in spec.defaults else _source(field),
        }
        for name, field in fields.items()
    }


def _option_text(known: dict[str, dict[str, Any]], place: str) -> str:
    if not known:
        return ""
    lines = ["", "", f"options (set in {place}):"]
    for name, option in known.items():
        default = "required" if option["required"] else _plain(option["default"])
        lines += ["", f"  {name} = {default}   ({option['kind']})"]
        source = f"source: {option['source']}" if option["source"] else ""
        lines += [
            textwrap.indent(textwrap.fill(text, WIDTH - 6), "      ") for text in (option["text"], source) if text
        ]
    return "\n".join(lines)


def _source(field: FieldInfo) -> str:
    extra: Any = field.json_schema_extra
    return str(extra.get("source", "")) if isinstance(extra, dict) else ""


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(field: FieldInfo) -> str:
    """The type and limits of an option, such as `float, > 0`."""
    return ", ".join([_words(field.annotation), *_limits(field.metadata)])


def _words(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return ", ".join([_words(parts[0]), *_limits(part for field in parts[1:] for part in field.metadata)])
    if origin in {Union, UnionType}:
        return " | ".join(map(_words, parts))
    if origin is Literal:
        return " | ".join(map(str, parts))
    if origin is None and isinstance(annotation, type):
        return annotation.__name__.replace("NoneType", "none")
    return str(annotation).replace("typing.", "")


def _limits(metadata: Iterable[Any]) -> list[str]:
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    return [f"{sign} {getattr(part, name)}" for part in metadata for name, sign in signs.items() if hasattr(part, name)]


def _of_method(spec: MethodSpec) -> Facts:
    shown = ("epochs", "batch", "size", "lr") if spec.trains else ()
    known = _options(spec)
    views = spec.options.model_validate(spec.defaults).views_per_tile()
    return {
        "defaults": [f"{name} {known[name]['default']}" for name in shown if name in known],
        "views": f"student {views.student}, teacher {views.teacher} a tile" if any(views) else "",
        "reference": spec.reference,
    }


def _of_task(spec: TaskSpec) -> Facts:
    known = [load_protocol(name) for name in known_protocols()]
    return {"protocols": [protocol.id for protocol in known if protocol.task == spec.name]}


def _of_head(spec: HeadSpec) -> Facts:
    takers = [task.name for task in problems.registry.all().values() if _takes(task, spec)]
    return {"tasks": takers, "reference": spec.reference}


def _takes(task: TaskSpec, head: HeadSpec) -> bool:
    return task.head is not None and registered_heads.get(task.head).answers == head.answers


def _of_backbone(spec: BackboneSpec) -> Facts:
    maps = [f"{channels} at {stride}" for channels, stride in zip(spec.channels, spec.strides, strict=True)]
    return {"channels": maps, "formats": list(spec.formats)}


methods = command(registered.registry, "List the pretraining methods: needs, main defaults, references.", _of_method)
methods.add_command(augmentations)
tasks = command(problems.registry, "List the tasks and the protocols that come with the harness.", _of_task)
backbones = command(
    networks.registry,
    "List the networks: channels of their feature maps at each stride, libraries that their weights are written for.",
    _of_backbone,
    more="timm:<name>: any network of timm that gives a pyramid of feature maps, such as timm:convnext_atto, and plain "
    "transformers, such as timm:vit_small_patch16_224",
)
heads = command(
    registered_heads.registry,
    "List the heads of segmentation, change detection and detection, and the options of each.",
    _of_head,
    place="a protocol's network, beside head: {name}",
)
engines = command(available.registry, "List where jobs can run, and the options of each.", place="a study under engine")
