"""Scores of another benchmark are copied as printed, and what is no such file is refused."""

import pytest

from bench.core.errors import StoreError
from bench.store.copied import keep, read_copied, read_torchgeo_bench

HEAD = (
    "dataset,method,metric_name,metric_value,ci_lower,ci_upper,feature_dim,best_c,n_train,n_val,n_test,seed,model,name,"
    "normalization,image_size,interpolation,partition,bands"
)
LINES = (
    "m-eurosat,knn5,accuracy,0.8234,0.8123,0.8345,512,,2000,1000,1000,0,x.RCFBench,rcf,bandspec_zscore,224.0,bilinear,default,rgb",
    "m-eurosat,linear,accuracy,0.9,0.88,0.92,512,0.1,2000,1000,1000,0,x.RCFBench,rcf,bandspec_zscore,224.0,bilinear,default,rgb",
    "m-eurosat,intrinsic_dim,id_MLE_train,3.2,0.0,0.0,768,,2000,1000,1000,0,x.RCFBench,rcf,bandspec_zscore,224.0,,default,rgb",
    "burn_scars,seg-linear,mIoU,0.6234,0.0,0.0,768,,1000,200,300,0,x.TimmPatchBenchModel,resnet50,none,,,default,",
)


@pytest.fixture
def results(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("\n".join((HEAD, *LINES)) + "\n")
    return path


def test_scores_are_read_with_their_intervals_and_settings(results, tmp_path):
    copied = read_torchgeo_bench(results)
    first, _, last = copied.scores
    assert ("m-eurosat", "knn5", 0.8234, 0.8123, 0.8345) == (
        first.dataset,
        first.evaluation,
        first.value,
        first.low,
        first.high,
    )
    assert {
        "bands": "rgb",
        "normalization": "bandspec_zscore",
        "image_size": "224.0",
        "partition": "default",
    } == first.settings
    assert (0.6234, None, None, 300) == (last.value, last.low, last.high, last.n_test)
    path = keep(tmp_path / "store", copied)
    assert path == keep(tmp_path / "store", read_torchgeo_bench(results))
    assert [copied] == read_copied(tmp_path / "store")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no results.csv of torchgeo-bench: it lacks the column dataset"),
        (HEAD + "\n", "holds no score"),
        (HEAD + "\n" + LINES[0].replace("0.8234", "good") + "\n", "line 2: value"),
        (HEAD + "\n" + LINES[0].replace("0.8234", "nan") + "\n", "line 2: value"),
    ],
)
def test_what_is_no_such_file_is_refused(text, message, tmp_path):
    (tmp_path / "results.csv").write_text(text)
    with pytest.raises(StoreError, match=message):
        read_torchgeo_bench(tmp_path / "results.csv")


def test_a_file_that_is_absent_or_damaged_is_said(results, tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        read_torchgeo_bench(tmp_path / "none.csv")
    path = keep(tmp_path / "store", read_torchgeo_bench(results))
    path.write_text("{}")
    with pytest.raises(StoreError, match="has schema None"):
        read_copied(tmp_path / "store")
