"""Weights of a checkpoint, as they are: a method without training."""

from bench.backbones.foreign.loading import Source, load_foreign
from bench.backbones.pyramid import Backbone
from bench.core.bands import RGB, Bands
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Length
from methods.initialisation import Initialisation
from methods.options.weights import WeightsOptions


class Weights(Initialisation[WeightsOptions]):
    """The backbone with the weights of a file; what the file lacks stays as the seed initialised it."""

    def __init__(self, backbone: Backbone, options: WeightsOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        count = backbone.bands
        images = RGB if count == len(RGB) else Bands(tuple(str(band) for band in range(1, count + 1)))
        under, channels = options.rules()
        load_foreign(backbone, Source(options.path(), under, channels, options.bands), images)
