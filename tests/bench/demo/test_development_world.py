"""The world that options are tuned on: other places and another seed than the demo's, and labels that are no land cover."""

from dataclasses import replace

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import cross_val_score

from bench.corpus.build.pipeline import build_corpus
from bench.demo import objects, sets
from bench.demo.corpora import DEVELOPMENT
from bench.demo.detection import GROUNDS
from bench.demo.sites import SITES
from bench.demo.world import WorldSpec, ensure_world


def test_no_place_and_no_seed_of_the_demo_is_one_of_the_development_world():
    assert DEVELOPMENT.seed not in {WorldSpec().seed, WorldSpec().city_seed}
    apart = [np.hypot(a.lon - b.lon, a.lat - b.lat) for a in DEVELOPMENT.sites for b in SITES]
    assert min(apart) > 1
    assert 13 == len(DEVELOPMENT.sites)


def test_the_development_world_has_land_cover_under_every_tile(tmp_path):
    small = replace(DEVELOPMENT, sites=(DEVELOPMENT.sites[0], DEVELOPMENT.sites[10]), scene_size=192)
    world = ensure_world(tmp_path, spec=small)
    corpus = build_corpus(world.scenes, world.landcover, "globeland30", tmp_path / "corpus", size=64, synthetic=True)
    assert corpus.has_landcover
    assert len(corpus) > 10
    assert not world.held_out.exists()


def test_objects_are_an_image_folder_with_every_ground_as_often_in_every_class(tmp_path):
    root = sets.ensure_objects(tmp_path, per_class=2, size=32)
    assert sorted(objects.CLASSES) == sorted(folder.name for folder in root.iterdir())
    assert {2} == {len(list(folder.glob("*.png"))) for folder in root.iterdir()}
    assert 0 == objects.PER_CLASS % len(GROUNDS)


def test_the_ground_does_not_tell_the_object():
    """Colours of the rim, where an object seldom lies, tell the class no better than chance, 0.25 +- 0.05."""
    rims, labels = [], []
    for label, name in enumerate(objects.CLASSES):
        for index in range(20):
            image = objects.render_object(5, name, index, 64).astype(float)
            rim = np.concatenate([image[:3].reshape(-1, 3), image[-3:].reshape(-1, 3)])
            rims.append(np.concatenate([rim.mean(axis=0), rim.std(axis=0)]))
            labels.append(label)
    assert cross_val_score(LinearDiscriminantAnalysis(), np.array(rims), labels, cv=5).mean() < 0.45


def test_the_same_seed_draws_the_same_object_and_another_seed_does_not():
    first, again, other = (objects.render_object(seed, "ship", 1, 48) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
