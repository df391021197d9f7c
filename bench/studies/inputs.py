"""Where a study's corpus and data sets come from: folders the user names, prepared sets, or a generator's."""

from collections.abc import Mapping
from pathlib import Path

from bench.core import files
from bench.core.configs import is_path
from bench.core.context import Count, Say
from bench.core.errors import DataError
from bench.core.paths import data_home
from bench.core.world import of_world
from bench.corpus.registry import registry as corpora
from bench.corpus.storage.reader import Corpus
from bench.pretraining.options import PretrainOptions
from bench.studies.rows import Row
from bench.studies.study import Study
from tasks import datasets, prepared
from tasks.datasets import DatasetSpec
from tasks.prepared import Prepared
from tasks.protocol_parts import Slices
from tasks.protocols import Protocol
from tasks.splits import check_lists


class Inputs:
    """Opens what a study reads, making the demo's parts when they are first needed.

    Args:
        say: told what is being made, since that can take some seconds.
        home: the data folder.
    """

    def __init__(self, say: Say, home: Path | None = None) -> None:
        self.say = say
        self.home = home or data_home()
        self._corpora: dict[tuple[str, int | None], Corpus] = {}
        self._datasets: dict[Path, Prepared] = {}

    def corpus(self, study: Study, row: Row | None = None) -> Corpus:
        """The corpus of a row, or the study's own.

        Raises:
            DataError: the study names none.
            CorpusError: the folder is not a corpus.
        """
        asked = study.corpus_of(row)
        if asked is None:
            raise DataError(
                f"study {study.name} needs a corpus: build one with `bench corpus build` and pass --set corpus=DIR"
            )
        named = (asked.corpus, study.world if asked.world is None else asked.world)
        if named not in self._corpora:
            made = corpora.all().get(asked.corpus)
            with of_world(named[1]):
                path = made.make(self.home, self.say) if made else Path(asked.corpus)
            self._corpora[named] = Corpus.open(path)
        return self._corpora[named]

    def dataset(self, study: Study, protocol: Protocol) -> Prepared:
        """The prepared data set of a protocol.

        Raises:
            DataError: it has not been prepared, the folder that a study names holds another data set, or files that its
                split takes from the user are not there, or its labels are of another kind. A synthetic set may stand in for
                a real one, for a trial: its records say that it is synthetic.
        """
        with of_world(study.world):
            found = self._opened(study, protocol)
        asked, there = protocol.slices.labels, found.index.get("labelled")
        if asked is not None and asked != there:
            has = f"{there} labels" if there else "labels of a kind that its index does not say"
            raise DataError(
                f"{found.path} has {has}, protocol {protocol.id} is for {asked} ones: prepare them with `bench data prepare "
                f"{protocol.dataset} --protocol {protocol.id}`"
            )
        if not found.synthetic and found.index.get("dataset", protocol.dataset) != protocol.dataset:
            raise DataError(
                f"{found.path} holds {found.index['dataset']}, protocol {protocol.id} is for {protocol.dataset}: "
                f"set data.{protocol.dataset} to its own folder"
            )
        check_lists(protocol.split, found)
        return found

    def _opened(self, study: Study, protocol: Protocol) -> Prepared:
        named = study.data.get(protocol.dataset, "")
        name = named if is_path(named) else protocol.dataset
        path = Path(named) if named and not is_path(named) else self.prepared_folder(name, protocol.slices)
        if path not in self._datasets:
            spec = datasets.get(name)
            if spec.name != protocol.dataset:
                raise DataError(f"{name} describes {spec.name}, protocol {protocol.id} is for {protocol.dataset}")
            if not path.is_dir() and (spec.maker or spec.source):
                self.say(f"preparing {spec.name} in {path}")
                self.prepare(name, spec.source or spec.make(self.home, self.say), protocol.slices)
            found = Prepared.open(path)
            _check_description(spec, found)
            self._datasets[path] = found
        return self._datasets[path]

    def fill(self, options: PretrainOptions) -> PretrainOptions:
        """The options with what they name by a registered word made and in its place."""
        return options.fetch(lambda name: str(corpora.get(name).make(self.home, self.say)))

    def prepared_folder(self, name: str, slices: Slices) -> Path:
        """Where a prepared set lies in the data folder; a generator's source is made, for its name has its version."""
        spec = datasets.get(name)
        source = spec.make(self.home, self.say) if spec.maker else None
        return prepared_home(self.home, source) / datasets.folder_name(spec.name, slices)

    def prepare(
        self,
        name: str,
        source: Path,
        slices: Slices,
        out: Path | None = None,
        progress: Count = lambda _done, _total: None,
        options: Mapping[str, str] | None = None,
    ) -> Path:
        """Cut a data set's public layout into slices; the folder is complete or absent.

        Args:
            name: of the data set.
            source: the unpacked layout, or its archives.
            slices: how it is cut.
            out: folder to write; None for its place in the data folder.
            progress: told how far it is.
            options: how to read an unusual copy.
        """
        out = out or self.prepared_folder(name, slices)
        with files.new_folder(out) as work:
            datasets.get(name).prepare(source, work, slices, progress, options)
        return out


def _check_description(spec: DatasetSpec, found: Prepared) -> None:
    """Refuse a set that was prepared of the same data set before its description changed."""
    own = found.index.get("dataset") == spec.name and spec.contents is not None
    if own and spec.contents and found.index.get("described") != spec.contents.hash:
        raise DataError(
            f"{found.path} was prepared when {spec.name} was described otherwise: remove it, it is prepared again with "
            f"`bench data prepare {spec.name}`"
        )


def one_protocol(protocol: Protocol, folder: Path | None) -> Study:
    """A study of one protocol, for what looks at its data alone.

    Args:
        protocol: the protocol.
        folder: the prepared set; None for its place in the data folder.
    """
    return Study(
        name="data", data={protocol.dataset: str(folder)} if folder else {}, methods=["random"],
        backbones=["resnet18"], tasks=[protocol.task], protocols={protocol.task: [protocol.id]},
    )  # fmt: skip


def prepared_home(home: Path, source: Path | None = None) -> Path:
    """Folder of the prepared sets: a user's own, or those made of a generator's `source`.

    A generator's sets are remade when their layout or the generator changes, whose version is in the source's name; a
    user's own are refused with a message.
    """
    if source is None:
        return home / "prepared"
    return source.parent / f"prepared-{prepared.SCHEMA}" / source.name


def list_prepared(home: Path) -> list[tuple[str, Path]]:
    """What is prepared in a data folder, and can be read by this version: data set and folder. Nothing is made."""
    made = f"prepared-{prepared.SCHEMA}/*/*/index.json"  # of sources that lie in the data folder, or one folder deeper
    indices = [file for pattern in ("prepared/*/index.json", made, f"*/{made}") for file in home.glob(pattern)]
    # <name>-<side>-<overlap>, with `.eroded` where labels are; names have dashes of their own.
    return [(file.parent.name.rsplit("-", 2)[0], file.parent) for file in sorted(indices)]
