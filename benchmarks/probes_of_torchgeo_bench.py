"""The features of `python -m benchmarks probes --features FILE` probed by torchgeo-bench, which needs Python 3.12.

`python benchmarks/probes_of_torchgeo_bench.py FILE`, in an environment with torchgeo-bench and nothing of ours. Its
neighbours are by Euclidean distance, which of vectors of length 1 orders as the cosine does. Times are of one thread.
"""

import sys
import time

import faiss
import numpy as np
import torch
from torchgeo_bench.knn import KNNClassifier
from torchgeo_bench.linear import LogisticRegression

CLASSES = 21


def neighbours(features, labels, train, test, asked):
    """Classes of the test part."""
    scaled = features / np.linalg.norm(features, axis=1, keepdims=True)
    model = KNNClassifier(min(asked, len(train) // CLASSES)).fit(scaled[train], labels[train])
    return model.predict(scaled[test])


def logistic(features, labels, train, test):
    """Classes of the test part."""
    mean, spread = features[train].mean(axis=0), features[train].std(axis=0)
    scaled = torch.from_numpy((features - mean) / np.where(spread > 0, spread, 1))
    model = LogisticRegression(C=0.01, max_iter=4000, tol=1e-6, device="cpu")
    model.fit(scaled[train], torch.from_numpy(labels[train]))
    return model.predict(scaled[test])


def main(file):
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    found = np.load(file, allow_pickle=False)
    features, labels, test = (found[name] for name in ("features", "labels", "test"))
    for cells in [name.removesuffix("/train") for name in found.files if name.endswith("/train")]:
        name, fraction = cells.split("/")
        if name == "ridge":
            continue
        theirs, spent = [], []
        for train in found[f"{cells}/train"]:
            begun = time.process_time()
            guesses = (
                logistic(features, labels, train, test)
                if name == "logistic"
                else neighbours(features, labels, train, test, int(name.removeprefix("knn ")))
            )
            spent.append(1000 * (time.process_time() - begun))
            theirs.append((guesses == labels[test]).mean())
        apart = 100 * np.abs(np.array(theirs) - found[f"{cells}/accuracy"])
        print(
            f"{name:9} {float(fraction):4.0%}: ours {100 * found[f'{cells}/accuracy'].mean():.2f}, theirs "
            f"{100 * np.mean(theirs):.2f}, apart {apart.mean():.2f} on average, {apart.max():.2f} at most; "
            f"{np.median(spent):.0f} ms of the processor"
        )


if __name__ == "__main__":
    main(sys.argv[1])
