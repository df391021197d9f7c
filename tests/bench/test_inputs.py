"""Where the demo's corpus comes from."""

from bench.corpus.build import build_corpus
from bench.corpus.controls import CONTROLS
from bench.demo.sites import SITES
from bench.demo.world import WorldSpec, ensure_world, folder_name
from bench.inputs import Inputs
from bench.study import load_study


def test_a_demo_corpus_of_before_there_were_controls_is_built_again_with_the_same_hash(tmp_path):
    """A small world stands where the demo's would; its corpus lies in the folder of older versions."""
    small = ensure_world(tmp_path, WorldSpec(sites=SITES[:1], scene_size=200, city_images=1, city_size=64))
    small.root.rename(tmp_path / folder_name(WorldSpec()))
    world = ensure_world(tmp_path)
    older = build_corpus(world.scenes, world.landcover, "globeland30", world.root / "corpus", size=64)
    corpus = Inputs(print, tmp_path).corpus(load_study("demo", {}))
    assert older.hash == corpus.hash
    assert set(CONTROLS) == set(corpus.controls)
