"""Cells that probe frozen features: what one costs once features are kept, and what scikit-learn says of the same features.

A set of the size of UCMerced (2,100 images in 21 classes, three quarters of them for training), drawn here as gratings
under noise, and a ResNet-18 with random weights, whose features are 512. Cells run as a worker runs them: claim, labels,
subset, features, classifier, score and record. Times are of one thread.
"""

import statistics
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
from bench.studies.loading import load_study
from bench.studies.plan import make_plan
from tasks.amounts import share
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
WORK = {"device": "cpu", "threads": 1}


def measure(folder, subsets, features=None):
    """Milliseconds and scores by classifier and amount of labels."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        draw(folder / "data")
        store, figures, kept = Store(folder / "store"), {}, {}
        store.open_for_writing()
        for name, network in NETWORKS.items():
            plan = planned(folder, name, network, subsets)
            work.pretrain(lambda *_: None, job=plan.pretrains[0].model_dump(mode="json"), store=str(store.root), **WORK)
            if not figures:
                figures["first cell, with features, ms"] = run(store, plan.cells[0])[0]
            for fraction in (0.1, 1.0):
                cells = [cell for cell in plan.cells if cell.fraction == fraction]
                figures[f"{name} at {fraction:.0%}"] = of_cells(store, name, cells)
                kept |= {f"{name}/{fraction}/{part}": values for part, values in of_others(store, cells).items()}
        if features is not None:
            np.savez(features, **shared(store, cells[0]), **kept)
        return figures


def draw(folder):
    """Gratings of 21 directions and widths in colours that vary, under noise."""
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    with files.new_folder(folder) as at:
        writer = SliceWriter(at, CLASSES * PER_CLASS, SIDE, [f"class {k}" for k in range(CLASSES)], label=LABEL)
        for number in range(PER_CLASS):
            for k in range(CLASSES):
                angle, period = np.pi * (k % 7) / 7 + generator.normal(0, 0.1), 3 + 2 * (k // 7)
                phase = 2 * np.pi * (rows * np.cos(angle) + columns * np.sin(angle)) / period
                wave = np.sin(phase + generator.uniform(0, 6))[..., None] * generator.uniform(30, 70, 3)
                pixels = generator.uniform(60, 190, 3) + wave + generator.normal(0, 12, (SIDE, SIDE, 3))
                writer.add(np.clip(pixels, 0, 255).astype(np.uint8), k, f"{k}-{number}")
        writer.finish({"dataset": "gratings", "synthetic": True, "overlap": 0.0, "palette": [[0, 0, 0]] * CLASSES})


def planned(folder, name, network, subsets):
    """The plan of one classifier at 10% and at all labels."""
    protocol = load_protocol("probe/ucmerced").model_dump(mode="json", exclude_unset=True)
    selection = "cv" if name == "ridge" else "last"
    protocol |= {"id": name, "network": network, "selection": selection, "subsets": subsets}
    (folder / "mine.yaml").write_text(yaml.safe_dump(protocol))
    load_protocol.cache_clear()
    asked = {"data": {"ucmerced": str(folder / "data")}, "methods": ["random"], "tasks": ["probe"], "corpus": None}
    asked |= {"protocols": {"probe": [str(folder / "mine.yaml")]}, "fractions": [0.1, 1.0], "seeds": 1}
    asked |= {"backbones": ["resnet18"], "options.random.calibrate": "none"}
    return make_plan(load_study("demo", asked), Inputs(lambda _: None, folder))


def run(store, cell):
    """Milliseconds of one cell by the clock and of the processor; what it wrote is done again."""
    (store.root / "records" / f"{cell.key}.json").unlink(missing_ok=True)
    begun, processor = time.perf_counter(), time.process_time()
    work.fine_tune(lambda *_: None, cell=cell.model_dump(mode="json"), store=str(store.root), **WORK)
    return 1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - processor)


def of_cells(store, name, cells):
    """Medians and means over cells, each run three times, beside scikit-learn's on the same samples."""
    ours = [[run(store, cell) for _ in range(3)] for cell in cells]
    scores = [store.read_record(cell.key).score for cell in cells]
    theirs = [by_scikit_learn(store, cell, name) for cell in cells]
    return {
        "cell ms": statistics.median(min(clock for clock, _ in each) for each in ours),
        "of processor": statistics.median(min(processor for _, processor in each) for each in ours),
        "scikit-learn's fit": statistics.median(processor for processor, _ in theirs),
        "score": 100 * statistics.fmean(scores),
        "scikit-learn's": 100 * statistics.fmean(score for _, score in theirs),
        "apart at most": 100 * max(abs(score - other) for score, (_, other) in zip(scores, theirs, strict=True)),
    }


def by_scikit_learn(store, cell, name):
    """Milliseconds of the processor, and mean class accuracy, of scikit-learn on the features that the cell had."""
    found, train = shared(store, cell), drawn(cell)
    features, labels, test = (found[part] for part in ("features", "labels", "test"))
    each = len(train) // CLASSES
    models = {
        "ridge": (StandardScaler(), RidgeClassifierCV(STRENGTHS)),
        "knn 5": (Normalizer(), KNeighborsClassifier(min(5, each), metric="cosine")),
        "knn 20": (Normalizer(), KNeighborsClassifier(min(20, each), metric="cosine")),
        "logistic": (StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)),
    }
    spent = []
    for _ in range(3):
        begun, model = time.process_time(), make_pipeline(*models[name])
        right = model.fit(features[train], labels[train]).predict(features[test]) == labels[test]
        spent.append(1000 * (time.process_time() - begun))
    return min(spent), np.mean([right[labels[test] == k].mean() for k in range(CLASSES)])


def shared(store, cell):
    """The features of all images with their classes, and the positions of the test part."""
    (values,) = store.root.glob("features/*/values.npy")
    data = Prepared.open(Path(cell.data))
    test = np.array(Pool(cell.protocol, data).parts.test)
    return {"features": np.load(values).astype(np.float64), "labels": np.asarray(data.labels, np.int64), "test": test}


def drawn(cell):
    """The positions that a cell learnt from."""
    return np.array(Pool(cell.protocol, Prepared.open(Path(cell.data))).draw(share(cell.fraction), cell.subset_seed))


def of_others(store, cells):
    """What another harness needs to do the same: the positions learnt from, and the overall accuracy of each cell."""
    scores = [store.read_record(cell.key).metrics["overall_accuracy"] for cell in cells]
    return {"train": np.stack([drawn(cell) for cell in cells]), "accuracy": np.array(scores)}
