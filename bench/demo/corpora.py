"""The demo's corpora, made when they are first asked for; the corpus registry names them."""

from pathlib import Path

from bench.core.context import Say
from bench.corpus.build.pipeline import build_corpus
from bench.demo.world import ensure_world

# Of the demo world; another name where what is built changes, for a folder that is there is taken as it is.
FOLDER = "corpus-3"
SIZE = 64


def corpus(home: Path, say: Say) -> Path:
    """The corpus that the demo study pretrains on."""
    world = ensure_world(home, say)
    out = world.root / FOLDER
    if not out.is_dir():
        say(f"cutting the demo corpus in {out}")
        places = (world.scenes, world.landcover, "globeland30", out)
        build_corpus(*places, size=SIZE, synthetic=True, controls=True, keep_map=True)
    return out


def held_out(home: Path, say: Say) -> Path:
    """Scenes of other places, cut without overlap."""
    world = ensure_world(home, say)
    out = world.root / f"synthetic-held-out-{SIZE}"
    if not out.is_dir():
        build_corpus(world.held_out, world.landcover, "globeland30", out, size=SIZE, overlap=0.0, synthetic=True)
    return out
