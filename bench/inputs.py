"""Where a study's corpus and data sets come from: folders the user names, prepared sets, or the demo world."""

from collections.abc import Callable
from pathlib import Path

from bench import files
from bench.corpus.build import build_corpus
from bench.corpus.reader import Corpus
from bench.demo import sets
from bench.demo.sets import ensure_natural
from bench.demo.world import World, WorldSpec, ensure_world, folder_name
from bench.errors import DataError
from bench.options import PretrainOptions
from bench.paths import data_home
from bench.study import Study
from tasks import datasets, prepared
from tasks.prepared import Prepared
from tasks.protocols import Protocol, Slices

DEMO = "demo"
# Of the demo world; another name where what is built changes, for a folder that is there is taken as it is.
DEMO_CORPUS = "corpus-2"
# The demo's downstream sets by name: from the data folder to the folder of the public layout, made when absent.
DEMO_SETS: dict[str, Callable[[Path], Path]] = {
    "demo-city": lambda home: ensure_world(home).city,
    "demo-scenes": sets.ensure_scene_classes,
    "demo-objects": sets.ensure_detection,
    "demo-clouds": sets.ensure_cloud_snow,
    "demo-change": sets.ensure_change,
}
# Makes an empty folder's content; says how far it is.
Say = Callable[[str], None]


class Inputs:
    """Opens what a study reads, making the demo's parts when they are first needed.

    Args:
        say: told what is being made, since that can take some seconds.
        home: the data folder.
    """

    def __init__(self, say: Say, home: Path | None = None) -> None:
        self._say = say
        self._home = home or data_home()
        self._corpora: dict[str, Corpus] = {}
        self._datasets: dict[Path, Prepared] = {}

    def corpus(self, study: Study) -> Corpus:
        """The study's corpus.

        Raises:
            DataError: the study names none.
            CorpusError: the folder is not a corpus.
        """
        if study.corpus is None:
            raise DataError(
                f"study {study.name} needs a corpus: build one with `bench corpus build` and pass --set corpus=DIR"
            )
        if study.corpus not in self._corpora:
            path = self._demo_corpus() if study.corpus == DEMO else Path(study.corpus)
            self._corpora[study.corpus] = Corpus.open(path)
        return self._corpora[study.corpus]

    def dataset(self, study: Study, protocol: Protocol) -> Prepared:
        """The prepared data set of a protocol.

        Raises:
            DataError: it has not been prepared, or the folder that a study names holds another data set. A synthetic set
                may stand in for a real one, for a trial: its records say that it is synthetic.
        """
        if protocol.dataset in study.data:
            path = Path(study.data[protocol.dataset])
        else:
            path = self.prepared_folder(protocol.dataset, protocol.slices)
        if path not in self._datasets:
            if protocol.dataset in DEMO_SETS and not path.is_dir():
                self.prepare(protocol.dataset, self._demo_set(protocol.dataset), protocol.slices)
            self._datasets[path] = Prepared.open(path)
        found = self._datasets[path]
        if not found.synthetic and found.index.get("dataset", protocol.dataset) != protocol.dataset:
            raise DataError(
                f"{path} holds {found.index['dataset']}, protocol {protocol.id} is for {protocol.dataset}: "
                f"set data.{protocol.dataset} to its own folder"
            )
        return found

    def fill(self, options: PretrainOptions) -> PretrainOptions:
        """Put the demo's natural images, made when first needed, where options ask for `labelled: demo`."""
        if getattr(options, "labelled", None) != DEMO:
            return options
        return options.model_copy(update={"labelled": str(ensure_natural(self._home))})

    def prepared_folder(self, name: str, slices: Slices) -> Path:
        """Where a prepared set lies in the data folder; the demo's stand beside their sources."""
        folder = datasets.folder_name(name, slices)
        if name not in DEMO_SETS:
            return self._home / "prepared" / folder
        # The demo's sets are remade when their layout or their generator changes (its version is in the source's
        # name); a user's own are refused with a message.
        source = self._demo_set(name)
        return source.parent / f"prepared-{prepared.SCHEMA}" / source.name / folder

    def prepare(self, name: str, source: Path, slices: Slices, out: Path | None = None) -> Path:
        """Cut a data set's public layout into slices; the folder is complete or absent."""
        out = out or self.prepared_folder(name, slices)
        self._say(f"preparing {name} in {out}")
        with files.new_folder(out) as work:
            datasets.get(name).prepare(source, work, slices, lambda _done, _total: None)
        return out

    def _demo_set(self, name: str) -> Path:
        return DEMO_SETS[name](self._home)

    def _world(self) -> World:
        if not (self._home / folder_name(WorldSpec())).is_dir():
            self._say(f"making the demo world in {self._home} (once, some 20 seconds on two cores)")
        return ensure_world(self._home)

    def _demo_corpus(self) -> Path:
        world = self._world()
        out = world.root / DEMO_CORPUS
        if not out.is_dir():
            self._say(f"cutting the demo corpus in {out}")
            build_corpus(world.scenes, world.landcover, "globeland30", out, size=64, synthetic=True, controls=True)
        return out
