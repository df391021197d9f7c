"""Cells that probe frozen features: what one costs once features are kept, and what scikit-learn says of the same features.

A set of the size of UCMerced (2,100 images in 21 classes, three quarters of them for training), drawn here as gratings
under noise, and a ResNet-18 with random weights, whose features are 512. Cells run as a worker runs them: claim, labels,
subset, features, classifier, score and record. Times are of one thread.
"""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import yaml
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from threadpoolctl import threadpool_limits

from bench.core import files
from bench.store.store import Store
from bench.studies import work
from bench.studies.inputs import Inputs
from bench.studies.plan import make_plan
from bench.studies.study import load_study
from tasks.classifiers import STRENGTHS
from tasks.labels.image_class import LABEL
from tasks.pools import Pool
from tasks.prepared import Prepared
from tasks.protocols import load_protocol
from tasks.writing import SliceWriter

CLASSES, PER_CLASS, SIDE = 21, 100, 32
NETWORKS = {
    "ridge": {"classifier": "ridge"},
    "knn 5": {"classifier": "knn", "neighbours": 5},
    "knn 20": {"classifier": "knn", "neighbours": 20},
    "logistic": {"classifier": "logistic", "penalty": 0.01},
}


def rivals(each):
    """The same by scikit-learn alone, for so many samples of each class."""
    scaled = StandardScaler()
    return {
        "ridge": make_pipeline(scaled, RidgeClassifierCV(STRENGTHS)),
        "knn 5": make_pipeline(Normalizer(), KNeighborsClassifier(min(5, each), metric="cosine")),
        "knn 20": make_pipeline(Normalizer(), KNeighborsClassifier(min(20, each), metric="cosine")),
        "logistic": make_pipeline(scaled, LogisticRegression(C=0.01, max_iter=1000)),
    }


def measure(folder, subsets):
    """Seconds and scores by classifier and amount of labels, and what the features took."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        draw(folder / "data")
        figures, store = {}, Store(folder / "store")
        store.open_for_writing()
        for name, network in NETWORKS.items():
            figures |= of_one(folder, store, name, network, subsets)
        return figures


def draw(folder):
    """Gratings of 21 directions and widths in colours that vary, under as much noise as leaves some to tell apart."""
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    with files.new_folder(folder) as work_folder:
        writer = SliceWriter(
            work_folder, CLASSES * PER_CLASS, SIDE, [f"class {k}" for k in range(CLASSES)], label=LABEL
        )
        for number in range(PER_CLASS):
            for k in range(CLASSES):
                angle, period = np.pi * (k % 7) / 7 + generator.normal(0, 0.1), 3 + 2 * (k // 7)
                phase = 2 * np.pi * (rows * np.cos(angle) + columns * np.sin(angle)) / period
                wave = np.sin(phase + generator.uniform(0, 6))[..., None] * generator.uniform(30, 70, 3)
                pixels = generator.uniform(60, 190, 3) + wave + generator.normal(0, 12, (SIDE, SIDE, 3))
                writer.add(np.clip(pixels, 0, 255).astype(np.uint8), k, f"{k}-{number}")
        writer.finish({"dataset": "gratings", "synthetic": True, "overlap": 0.0, "palette": [[0, 0, 0]] * CLASSES})


def of_one(folder, store, name, network, subsets):
    """Cells of one classifier at 10% and at all labels."""
    protocol = load_protocol("probe/ucmerced").model_dump(mode="json", exclude_unset=True)
    selection = "cv" if name == "ridge" else "last"
    protocol |= {"id": name, "network": network, "selection": selection, "subsets": subsets}
    (folder / "mine.yaml").write_text(yaml.safe_dump(protocol))
    load_protocol.cache_clear()
    asked = {"data": {"ucmerced": str(folder / "data")}, "methods": ["random"], "tasks": ["probe"], "corpus": None}
    asked |= {"protocols": {"probe": [str(folder / "mine.yaml")]}, "fractions": [0.1, 1.0], "seeds": 1}
    asked |= {"backbones": ["resnet18"], "options.random.calibrate": "none"}
    plan = make_plan(load_study("demo", asked), Inputs(lambda _: None, folder))
    shared = {"store": str(store.root), "device": "cpu", "threads": 1}
    work.pretrain(lambda *_: None, job=plan.pretrains[0].model_dump(mode="json"), **shared)
    figures, spent = {}, {}
    for cell in [plan.cells[0], *plan.cells]:  # the first once more, for it may compute the features
        (store.root / "records" / f"{cell.key}.json").unlink(missing_ok=True)
        begun, processor = time.perf_counter(), time.process_time()
        work.fine_tune(lambda *_: None, cell=cell.model_dump(mode="json"), **shared)
        took = (1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - processor))
        if cell is plan.cells[0] and cell.key not in spent:
            spent[cell.key] = []
            figures[f"{name}, first cell, ms"] = took[0]
        else:
            spent.setdefault(cell.fraction, []).append((took, cell))
    for fraction, cells in list(spent.items()):
        if not isinstance(fraction, float):
            continue
        ours = {cell.seed: store.read_record(cell.key) for _, cell in cells}
        theirs = [by_scikit_learn(store, cell, name) for _, cell in cells]
        words = f"{name}, {fraction:.0%} of the labels"
        figures[words] = {
            "cell ms": statistics.median(took[0] for took, _ in cells),
            "of processor": statistics.median(took[1] for took, _ in cells),
            "fit and test s.": statistics.median(
                1000 * (ours[cell.seed].cost["train_seconds"] + ours[cell.seed].cost["eval_seconds"])
                for _, cell in cells
            ),
            "scikit-learn": statistics.median(1000 * seconds for seconds, _ in theirs),
            "score": 100 * statistics.fmean(record.score for record in ours.values()),
            "theirs": 100 * statistics.fmean(score for _, score in theirs),
            "largest difference": 100
            * max(abs(ours[cell.seed].score - score) for (_, cell), (_, score) in zip(cells, theirs, strict=True)),
        }
    return figures


def by_scikit_learn(store, cell, name):
    """Seconds and mean class accuracy of scikit-learn on the features that the cell had."""
    (values,) = (store.root / "features").glob("*/values.npy")
    found, data = np.load(values), Prepared.open(Path(cell.data))
    pool = Pool(cell.protocol, data)
    (record,) = [each for each in store.records() if each.key == cell.key]
    amount = record.counts["train"]
    train = pool.draw(_amount(cell), cell.subset_seed)
    assert amount == len(train)
    labels, test = np.asarray(data.labels).astype(int), pool.parts.test
    model, begun = rivals(len(train) // CLASSES)[name], time.perf_counter()
    guesses = model.fit(found[train].astype(np.float64), labels[train]).predict(found[test].astype(np.float64))
    seconds = time.perf_counter() - begun
    return seconds, np.mean([(guesses == labels[test])[labels[test] == k].mean() for k in range(CLASSES)])


def _amount(cell):
    from tasks.amounts import read_amount, share

    return read_amount(cell.labels) if cell.labels else share(cell.fraction)


def main(subsets=5):
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), subsets)
