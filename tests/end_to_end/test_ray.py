"""A study on a Ray cluster of two nodes: equal records, also when a node is lost during a pretraining."""

from collections import Counter

import pytest
from running import records

from bench.core.arithmetic import of_processor
from bench.core.errors import StudyError
from bench.engines.ray import RayEngine, RayOptions
from bench.store.store import Store
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import make_plan
from bench.studies.runner import execute

pytest.importorskip("ray", reason="Ray is not installed: uv pip install -e '.[ray]'")
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)


class Watch:
    """Counts how often each job ends, and calls something when a pretraining reports."""

    def __init__(self, on_report=None):
        self.ended, self._on_report = Counter(), on_report

    def begin(self, job):
        pass

    def advance(self, job, *_how_far):
        if self._on_report:
            self._on_report(job)

    def wait(self, job, holder):
        pass

    def end(self, job, error):
        self.ended[job.key, error] += 1


@pytest.fixture
def cluster():
    """A head without room for jobs, and two nodes with a core each."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    made.nodes = [made.add_node(num_cpus=1) for _ in range(2)]
    made.wait_for_nodes()
    yield made
    made.shutdown()


def run(study, store, cluster, watch):
    plan = make_plan(load_study(study, {"store": str(store)}), Inputs(print))
    kept = Store(store)
    kept.open_for_writing()
    return execute(plan, kept, RayOptions(kind="ray", address=cluster.address, device="cpu"), watch)


def test_records_of_a_cluster_are_those_of_one_machine(study, finished, cluster, tmp_path):
    watch = Watch()
    assert [] == run(study, tmp_path / "store", cluster, watch).failures
    assert {1} == set(watch.ended.values())
    whole, _ = finished
    assert records(whole) == records(tmp_path / "store")
    logs = list((tmp_path / "store").glob("jobs/*/log.txt"))
    assert len(watch.ended) == len(logs)


def test_a_node_that_is_lost_during_a_pretraining_costs_nothing_but_time(study, finished, cluster, tmp_path):
    lost = []

    def lose(job):
        if not lost:
            lost.append(job.key)
            cluster.remove_node(cluster.nodes[0], allow_graceful=False)
            cluster.remove_node(cluster.nodes[1], allow_graceful=False)
            cluster.nodes[:] = [cluster.add_node(num_cpus=1)]

    watch = Watch(lose)
    assert [] == run(study, tmp_path / "store", cluster, watch).failures
    assert lost
    assert {1} == set(watch.ended.values())
    whole, _ = finished
    assert records(whole) == records(tmp_path / "store")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "auto"])
def test_a_cluster_that_is_not_there_is_one_line(address, monkeypatch, tmp_path):
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))  # where a cluster of this machine would be found
    with pytest.raises(StudyError, match=rf"engine ray: no cluster at {address} \(.*\): start one, or say address"):
        RayEngine(RayOptions(kind="ray", address=address)).__enter__()


def test_the_arithmetic_of_a_cluster_is_the_lowest_of_its_nodes(cluster):
    """Both nodes are processes of this machine, and compute as it does."""
    options = RayOptions(kind="ray", address=cluster.address, device="cpu")
    assert of_processor() == options.arithmetic()
