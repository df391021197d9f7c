"""A view: the chain crop, flips, turns, jitter, grey, blur, noise, solarise, normalise that contrastive methods share."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from bench.pretraining import ranks
from bench.pretraining.method import Method
from bench.pretraining.views import Recipe
from methods.augment import blur, colour, draws, geometric, noise, select
from methods.augment.colour import Colours
from methods.augment.draws import Jitter

# Float pixels worked on at once on a CPU: one megabyte stays in a core's cache.
CHUNK = 2**18


@dataclass(frozen=True)
class Drawn:
    """The random parameters of one view of a batch, all on the CPU; see `bench.pretraining.views.Recipe` and `methods.augment.draws`."""

    boxes: Tensor
    left_right: Tensor
    up_down: Tensor
    turns: Tensor
    jitter: Jitter | None
    grey: Tensor
    blur: Tensor
    sigma: Tensor
    radius: Tensor | None
    noise: Tensor
    noise_seed: Tensor
    noise_sigma: Tensor
    solarise: Tensor


def draw(recipe: Recipe, count: int, height: int, width: int, generator: torch.Generator) -> Drawn:
    """Draw one view's parameters for each of `count` tiles."""
    if recipe.scale is None:
        boxes = torch.tensor([0, 0, height, width]).repeat(count, 1)
    else:
        boxes = draws.crop_boxes(count, height, width, recipe.scale, generator)
    jitter = None
    if recipe.jitter is not None:
        jitter = draws.jitter(count, recipe.jitter, recipe.jitter_chance, generator)
    radius, noise_sigma = None, torch.zeros(count)
    if recipe.radius is not None:
        low, high = recipe.radius
        radius = torch.randint(low, high + 1, (count,), generator=generator)
    if recipe.noise:
        noise_sigma = draws.uniform(*recipe.noise_variance, (count,), generator).sqrt() / 255
    return Drawn(
        boxes=boxes,
        left_right=draws.chance(recipe.left_right, count, generator),
        up_down=draws.chance(recipe.up_down, count, generator),
        turns=torch.multinomial(torch.tensor(recipe.turns), count, replacement=True, generator=generator),
        jitter=jitter,
        grey=draws.chance(recipe.grey, count, generator),
        blur=draws.chance(recipe.blur, count, generator),
        sigma=draws.uniform(*recipe.sigma, (count,), generator),
        radius=radius,
        noise=draws.chance(recipe.noise, count, generator),
        noise_seed=torch.randint(2**31, (count,), generator=generator),
        noise_sigma=noise_sigma,
        solarise=draws.chance(recipe.solarise, count, generator),
    )


class View:
    """Makes views of whole batches.

    Args:
        recipe: what the views are made of.
        size: side of the views, pixels.
        mean, std: input statistics of the backbone, for images in [0, 1], a value for each band.
        colours: places of red, green and blue among the bands; None where one of them is missing. What becomes of
            other bands is said in `methods.augment.colour`; crops, turns, blur, noise and solarisation treat all alike.
    """

    def __init__(
        self,
        recipe: Recipe,
        size: int,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        colours: Colours = (0, 1, 2),
    ) -> None:
        self.recipe = recipe
        self.size = size
        self.colours = colours
        self.mean = torch.tensor(mean).view(1, -1, 1, 1)
        self.std = torch.tensor(std).view(1, -1, 1, 1)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Make one view of each tile.

        Args:
            images: uint8 or uint16, B x C x H x W, on any device; of several ranks, this rank's part of the batch, for
                all of which parameters are drawn.
            generator: on the CPU.

        Returns:
            Normalised, float32, B x C x size x size, channels last.
        """
        drawn = draw(self.recipe, len(images) * ranks.count(), images.shape[2], images.shape[3], generator)
        return self.apply(images, _slice(drawn, ranks.part(len(images))))

    @torch.no_grad()
    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Make views with drawn parameters; a sample's view does not depend on the others of its batch."""
        count, bands = images.shape[:2]
        result = torch.empty(
            count, bands, self.size, self.size, device=images.device, memory_format=torch.channels_last
        )
        chunk = count if images.is_cuda else max(1, CHUNK // (bands * self.size * self.size))

        def work(start: int) -> None:
            part = slice(start, start + chunk)
            # Colours and blur are worked out in full precision whatever the network uses.
            with torch.autocast(images.device.type, enabled=False):
                result[part] = self._pixels(images[part], _slice(drawn, part))

        _spread(work, range(0, count, chunk), 1 if images.is_cuda else torch.get_num_threads())
        return result

    def _pixels(self, images: Tensor, drawn: Drawn) -> Tensor:
        views = self._cut(images, drawn)
        geometric.flip(views, drawn.left_right, drawn.up_down)
        geometric.quarter_turns(views, drawn.turns)
        pixels = views.float().mul_(1 / torch.iinfo(images.dtype).max)
        if drawn.jitter is not None:
            colour.apply_jitter(pixels, drawn.jitter, self.colours)
        select.change(pixels, drawn.grey, partial(colour.to_grey, colours=self.colours))
        blur.gaussian_blur(pixels, drawn.blur, drawn.sigma, drawn.radius)
        noise.add_noise(pixels, drawn.noise, drawn.noise_seed, drawn.noise_sigma)
        select.change(pixels, drawn.solarise, colour.solarise)
        return pixels.sub_(self.mean.to(images.device)).div_(self.std.to(images.device))

    def _cut(self, images: Tensor, drawn: Drawn) -> Tensor:
        if images.dtype == torch.uint16:  # torch can convert this type, and hardly anything else
            images = images.float()
        same_size = images.shape[2:] == (self.size, self.size)
        if self.recipe.scale is None and same_size:
            return images.clone(memory_format=torch.contiguous_format)
        return geometric.crop_resize(images, drawn.boxes, self.size)


def views_of(method: Method[Any]) -> dict[str, View]:
    """The views that a method's options say, for its input statistics and bands, by name."""
    recipes = method.options.augmentation().recipes
    size, used = method.options.size, method.input
    return {name: View(recipe, size, used.mean, used.std, method.bands.colours) for name, recipe in recipes.items()}


def _spread(work: Callable[[int], None], starts: range, threads: int) -> None:
    """Work on the chunks of a batch with several threads, a chunk each.

    Threads inside an operation would meet at the end of every one of these short operations, which on a busy machine
    takes far longer than the operations.
    """
    if threads == 1:
        for start in starts:
            work(start)
        return
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(work, starts))


def _slice(drawn: Drawn, part: slice) -> Drawn:
    jitter = drawn.jitter
    if jitter is not None:
        jitter = Jitter(jitter.applied[part], jitter.order[part], jitter.factors[part])
    return Drawn(
        boxes=drawn.boxes[part],
        left_right=drawn.left_right[part],
        up_down=drawn.up_down[part],
        turns=drawn.turns[part],
        jitter=jitter,
        grey=drawn.grey[part],
        blur=drawn.blur[part],
        sigma=drawn.sigma[part],
        radius=None if drawn.radius is None else drawn.radius[part],
        noise=drawn.noise[part],
        noise_seed=drawn.noise_seed[part],
        noise_sigma=drawn.noise_sigma[part],
        solarise=drawn.solarise[part],
    )
