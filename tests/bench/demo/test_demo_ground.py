"""The ground: asked shares of classes, an older map, and textures rather than colours that tell the classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.demo import city, scenes, textures
from bench.demo.city_layout import CAR, CLUTTER
from bench.demo.landcover_rasters import CELL
from bench.demo.noise import band, brick_centres, bricks, generator
from bench.demo.planet import EARLIER, MADE_BY_PEOPLE, SEA, Ground
from bench.demo.sites import SITES

SEED = 2021


def cells_around(metres):
    step = np.arange(-metres / 2, metres / 2, CELL * 5)
    return np.meshgrid(500_000 + step, 3_800_000 - step)


def test_about_five_percent_of_the_ground_changed_since_it_was_mapped():
    shares = []
    for site in SITES:
        ground = Ground(SEED, site)
        x, y = cells_around(60_000)
        now, mapped = ground.now(x, y), ground.mapped(x, y)
        changed = now != mapped
        assert (mapped[changed] == np.array([EARLIER.get(code, 0) for code in range(256)])[now[changed]]).all()
        shares.append(changed.mean())
    assert 0.04 < np.mean(shares) < 0.06
    assert 0.02 < min(shares)
    assert max(shares) < 0.09


@pytest.mark.parametrize("site", SITES[:6], ids=lambda site: site.name)
def test_classes_cover_about_their_asked_shares(site):
    found = Ground(SEED, site).now(*cells_around(60_000))
    for code, share in site.mix:
        assert abs((found == code).mean() - share) < 0.1, code


def test_classes_depend_on_nothing_but_the_coordinates():
    ground = Ground(SEED, SITES[0])
    x, y = cells_around(6_000)
    whole = ground.now(x, y)
    assert (Ground(SEED, SITES[0]).now(x[10:20, ::2], y[10:20, ::2]) == whole[10:20, ::2]).all()


def test_every_class_of_the_sites_can_be_painted_and_aged():
    codes = {code for site in SITES for code, _ in site.mix}
    assert codes <= set(scenes.COVERS)
    assert codes <= set(EARLIER)
    assert set(MADE_BY_PEOPLE) <= codes


@settings(max_examples=25, deadline=None)
@given(angle=st.floats(0, 6.3), width=st.floats(5, 60), height=st.floats(5, 60), seed=st.integers(0, 99))
def test_every_point_of_a_brick_is_within_half_a_brick_of_its_centre(angle, width, height, seed):
    rng = np.random.default_rng(seed)
    shift = rng.random(64, dtype=np.float32)
    x, y = rng.uniform(-300, 300, (2, 50))
    cells = bricks(x, y, angle, (width, height), shift)
    centre_x, centre_y = brick_centres(cells, angle, shift)
    along = (x - centre_x) * np.cos(angle) + (y - centre_y) * np.sin(angle)
    across = (y - centre_y) * np.cos(angle) - (x - centre_x) * np.sin(angle)
    assert np.abs(along).max() <= width / 2 + 0.01
    assert np.abs(across).max() <= height / 2 + 0.01


@pytest.mark.parametrize("shape", [(90, 120), (97, 64)])
def test_noise_is_standardised_periodic_and_within_its_band(shape):
    field = band(generator(1, "noise"), shape, 8, 32, 0.0)
    assert field.shape == shape
    assert abs(float(field.mean())) < 1e-4
    assert abs(float(field.std()) - 1) < 1e-3
    power = np.abs(np.fft.fft2(field)) ** 2
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None])
    inside = (frequency > 1 / 40) & (frequency < 1 / 6.5)
    assert power[inside].sum() > 0.95 * power.sum()


@pytest.mark.parametrize("cover", scenes.COVERS.values(), ids=lambda cover: cover.texture.__name__)
def test_textures_are_finite_standardised_and_seeded(cover):
    first, again = (cover.texture(generator(3, "texture"), (96, 128), 1.0, 0.5) for _ in range(2))
    assert first.shape[:2] == (96, 128)
    assert first.shape[2] in {1, 3}
    assert np.isfinite(first).all()
    assert abs(float(first.mean())) < 1e-3
    assert abs(float(first.std()) - 1) < 0.05
    assert (first == again).all()


def test_texture_statistics_tell_the_corpus_classes_across_scenes_and_mean_colour_does_not():
    colour, texture, target, scene = tiles(SITES, 330)
    by_colour, by_texture = (accuracy_across_scenes(x, target, scene) for x in (colour, texture))
    assert by_texture > by_colour + 0.15
    assert by_colour < 0.45


def tiles(sites, size, side=64):
    """Mean colours, texture statistics, dominant class and scene of tiles that one class fills by 60%."""
    colour, texture, target, scene = [], [], [], []
    for index, site in enumerate(sites):
        image, codes = scenes.render(SEED, site, size), scenes.truth(SEED, site, size)
        for row in range(0, size - side + 1, side):
            for column in range(0, size - side + 1, side):
                tile = image[row : row + side, column : column + side]
                counts = np.bincount(codes[row : row + side, column : column + side].ravel(), minlength=256)
                if (tile > 230).mean() > 0.2 or counts.max() < 0.6 * side**2 or counts.argmax() == SEA:
                    continue
                colour.append(tile.mean(axis=(0, 1)))
                texture.append(texture_statistics(tile))
                target.append(counts.argmax())
                scene.append(index)
    return np.array(colour), np.array(texture), np.array(target), np.array(scene)


def texture_statistics(tile):
    """Local contrast and its shape at four scales, and how strongly the gradients agree on a direction."""
    grey = tile.mean(axis=-1)
    values = []
    for scale in (0.7, 1.5, 3.0, 6.0):
        detail = ndimage.gaussian_filter(grey, scale) - ndimage.gaussian_filter(grey, 2 * scale)
        spread = detail.std() + 1e-3
        values += [np.log(spread), ((detail / spread) ** 3).mean(), np.sqrt(((detail / spread) ** 4).mean())]
    down, right = np.gradient(ndimage.gaussian_filter(grey, 1))
    strength, direction = np.hypot(down, right), np.arctan2(down, right)
    return values + [abs((strength * np.exp(1j * k * direction)).sum()) / strength.sum() for k in (2, 4)]


def accuracy_across_scenes(features, target, scene, folds=4):
    """Accuracy of logistic regression on scenes it has not seen."""
    right = []
    for fold in range(folds):
        held = scene % folds == fold
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
        right.append(model.fit(features[~held], target[~held]).score(features[held], target[held]))
    return float(np.mean(right))


def test_colour_alone_labels_the_city_poorly_across_images_and_texture_helps():
    names = [f"{row}_{column}" for row in range(2, 4) for column in range(10, 14)]
    pairs = [city.render_city(5, name, 480) for name in names]
    colour = np.concatenate([image[::12, ::12].reshape(-1, 3) for image, _ in pairs]).astype(float)
    texture = np.concatenate([local_contrast(image)[::12, ::12].reshape(-1, 4) for image, _ in pairs])
    labels = np.concatenate([label[::12, ::12].ravel() for _, label in pairs])
    image = np.repeat(np.arange(len(pairs)), 40 * 40)
    by_colour = miou_across_images(colour, labels, image)
    assert by_colour < 0.45
    assert miou_across_images(np.hstack([colour, texture]), labels, image) > by_colour + 0.05


def local_contrast(image):
    """Logarithm of the local spread of fine detail, at four sizes of neighbourhood."""
    grey = image.mean(axis=-1)
    detail = np.square(grey - ndimage.gaussian_filter(grey, 1.5))
    return np.stack([np.log(ndimage.gaussian_filter(detail, size) + 1) for size in (1.5, 3, 6, 12)], axis=-1)


def miou_across_images(features, labels, image, folds=4):
    """Mean IoU of logistic regression, pixel by pixel, on images it has not seen."""
    hits = np.zeros((6, 6))
    for fold in range(folds):
        held = image % folds == fold
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)).fit(features[~held], labels[~held])
        hits += confusion_matrix(labels[held], model.predict(features[held]), labels=range(6))
    return float((np.diag(hits) / (hits.sum(0) + hits.sum(1) - np.diag(hits))).mean())


def test_city_classes_have_realistic_shares():
    shares = np.mean(
        [np.bincount(city.render_city(5, f"2_{c}", 480)[1].ravel(), minlength=6) / 480**2 for c in (10, 11, 12)], axis=0
    )
    assert 0.01 <= shares[CAR] <= 0.03
    assert 0.01 <= shares[CLUTTER] <= 0.08
    assert (shares[:4] > 0.06).all()


def test_texture_functions_take_any_small_size():
    for texture in (textures.crowns, textures.town, textures.furrows):
        assert texture(generator(0), (16, 20), 1.0, 0.0).shape[:2] == (16, 20)
