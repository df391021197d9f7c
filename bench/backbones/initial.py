"""Loading published or named weights into a backbone before it trains; nothing is unpickled but plain tensors."""

import pickle
import urllib.error
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from bench import backbones
from bench.backbones import weights
from bench.backbones.foreign.loading import Source, load_foreign
from bench.backbones.pyramid import Backbone
from bench.backbones.sources import IMAGENET, RANDOM, identify
from bench.core.bands import RGB, Bands
from bench.core.errors import WeightsError
from bench.core.files import because

# The first published weights of each network, which the papers start from.
PUBLISHED = "IMAGENET1K_V1"


def load_initial(backbone: Backbone, init: str) -> None:
    """Load a starting point: nothing for `random`, torchvision's weights for `imagenet`, or a file.

    A full model of the backbone's library is accepted: its classifier is left out. Where none of a file's names is the
    backbone's, it is read as a checkpoint of others, of which every weight of the backbone must be found.

    Raises:
        WeightsError: the weights are absent, unsafe, or belong to another backbone.
    """
    if init == RANDOM:
        return
    if init == IMAGENET:
        state = _published(backbone)
    else:
        identify(init)
        plain = _plain(Path(init))
        if plain is None or not plain.keys() & backbone.state_dict().keys():
            try:
                _load_foreign(backbone, Path(init))
            except WeightsError:
                if plain is None:
                    raise
            else:
                return
        state = read_file(Path(init))
    kept = {name: value for name, value in state.items() if not name.startswith(backbone.spec.left_out)}
    weights.load_into(backbone, kept, init)


def check_initial(name: str, init: str, bands: int = 3) -> None:
    """Refuse a starting point that a backbone of this name cannot load; published weights are fetched into the cache.

    Raises:
        WeightsError: as `load_initial`.
    """
    load_initial(backbones.build(name, bands), init)


def read_file(path: Path) -> dict[str, Tensor]:
    """Read a `.safetensors` file or a `.pth` file of plain tensors.

    Raises:
        WeightsError: absent, broken, or carrying anything but tensors.
    """
    identify(str(path))
    try:
        path.open("rb").close()  # safetensors calls whatever keeps a file from opening "no such file"
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise WeightsError(
            f"weights file {path} holds pickled objects or is not a weights file, and is not loaded: "
            "save its state_dict as safetensors"
        ) from None
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, SafetensorError) as error:
        why = because(error, "fetch or save it again")
        raise WeightsError(f"weights file {path} cannot be read{why}") from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"weights file {path} is not a state_dict of tensors: save the backbone's state_dict alone")
    return state


def _plain(path: Path) -> dict[str, Tensor] | None:
    """The content of a plain state dict; None of a file that holds something else."""
    try:
        return read_file(path)
    except WeightsError:
        return None


def _load_foreign(backbone: Backbone, path: Path) -> None:
    """Load a checkpoint of others.

    Raises:
        WeightsError: as `foreign.loading.load_foreign`; or it lacks something of the backbone.
    """
    count = backbone.bands
    images = RGB if count == len(RGB) else Bands(tuple(str(band) for band in range(1, count + 1)))
    found = load_foreign(backbone, Source(path), images)
    if not found.whole:
        raise WeightsError(
            f"weights file {path} lacks {found.missing[0]!r}, and a start must be whole: see bench weights inspect"
        )


def missing(name: str) -> str | None:
    """Why a backbone cannot start from published weights without a download; None where they lie on this machine."""
    spec = backbones.get(name)
    if spec.published is None:
        return f"no published ImageNet weights are known for {name}"
    url, cached = _place(spec.published)
    return None if cached.is_file() else f"{cached} is not there: put the file of {url} there"


def _place(published: str) -> tuple[str, Path]:
    """Address of torchvision's weights of a network, and where its cache keeps them."""
    import torchvision

    url = str(torchvision.models.get_model_weights(published)[PUBLISHED].url)
    return url, Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[1]


def _published(backbone: Backbone) -> dict[str, Tensor]:
    """Weights of torchvision, from its cache, or from its site into the cache."""
    name, published = backbone.name, backbone.spec.published
    if published is None:
        raise WeightsError(
            f"no published ImageNet weights are known for {name}: name a file of them instead of imagenet"
        )
    if backbone.bands != 3:
        raise WeightsError(
            f"ImageNet weights of {name} take red, green and blue, the images have {backbone.bands} bands: "
            "start from random, or from a file of weights for these bands"
        )
    url, cached = _place(published)
    if cached.is_file():
        return read_file(cached)
    try:
        state: dict[str, Tensor] = torch.hub.load_state_dict_from_url(
            url, map_location="cpu", progress=False, check_hash=True, weights_only=True
        )
    except (urllib.error.URLError, OSError) as error:
        raise WeightsError(
            f"ImageNet weights of {name} are not at {cached} and cannot be fetched ({error}): put {cached.name} from "
            f"{url} there, or name a local copy (option init of a method, weights of `imagenet`)"
        ) from None
    return state
