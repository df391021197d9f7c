"""When a teacher is moved, and how much of its start that leaves; without torch, so that a plan can count."""

import math

from bench.pretraining.facts import Facts, Length

# Intervals of the release in steps at its batch of 16: walked once, the last one kept.
RELEASE_INTERVALS = (500, 10_500, 20_500, 30_500)
RELEASE_BATCH = 16
# Below this many updates a run is warned of: 0.95 ** 20 of the start, more than a third, is still in the teacher.
FEW_UPDATES = 20
NEAR_START = 0.95**FEW_UPDATES
# In a run that a budget cuts short (docs/decisions/050): a teacher's horizon is at most this share of the run, a queue
# at most this share of the corpus, and of the keys that the run makes.
HORIZON = 1 / 10
OF_CORPUS, OF_KEYS = 1 / 4, 1 / 8


def fixed_update(step: int, interval: int) -> bool:
    """Whether the teacher is updated after this step, every `interval` steps (section III-C); steps count from 1."""
    return step % interval == 0


def spread_update(step: int, updates: int, steps: int) -> bool:
    """Whether the teacher is updated after this step, `updates` times evenly over `steps`."""
    return step * updates // steps > (step - 1) * updates // steps


def release_update(step: int, batch: int) -> bool:
    """Whether GeoKR's released system updates its teacher after this step; steps count from 1.

    It updates where `step % interval == 1` and then goes on to the next interval, scaled by 16 / batch; the last one
    stays. At batch 128 these are steps 1, 63, 1313, 2563, 3813, 7625, 11437 and so on every 3812.
    """
    # An interval of one step would never leave the remainder 1.
    intervals = [max(2, interval * RELEASE_BATCH // batch) for interval in RELEASE_INTERVALS]
    gap = step - 1
    return gap in intervals or gap % intervals[-1] == 0


def cosine_left(steps: int, momentum: float) -> float:
    """Share of the start left in a teacher whose momentum rises as a cosine from `momentum` to 1 over `steps`.

    The momentum of step k, counted from 0, is 1 - (1 - momentum) (1 + cos(pi k / (steps - 1))) / 2, lightly's
    `cosine_schedule`; the last is 1.
    """
    return math.prod(1 - (1 - momentum) * (1 + math.cos(math.pi * step / (steps - 1))) / 2 for step in range(steps - 1))


def linear_momentum(step: int, steps: int, momentum: float) -> float:
    """A teacher's momentum in a step, counted from 0, that rises from `momentum` to 1 over `steps` by equal amounts."""
    return momentum + (1 - momentum) * step / steps


def linear_left(steps: int, momentum: float) -> float:
    """Share of the start left in a teacher whose momentum rises linearly."""
    return math.prod(linear_momentum(step, steps, momentum) for step in range(steps))


def teacher_facts(updates: int, left: float) -> Facts:
    """Facts of a teacher that is moved so often and keeps this share of its start, with a warning where it hardly moves."""
    warnings = {}
    if updates < FEW_UPDATES or left > NEAR_START:
        warnings["teacher-near-start"] = (
            f"the teacher is moved {updates} times in this run and keeps {left:.3g} of its start"
        )
    return Facts({"teacher_updates": updates, "start_left": left}, warnings)


def queue_facts(method: str, queue: int, keys: int) -> Facts:
    """Facts of a queue into which a run puts so many keys, with a warning where it is never filled."""
    warnings = {}
    if keys < queue:
        warnings["queue-never-filled"] = (
            f"the run puts {keys} keys into a queue of {queue}, the rest stays random noise: lower options.{method}.queue"
        )
    return Facts({"queue_turns": keys / queue}, warnings)


def warmup_facts(asked_epochs: int, length: Length) -> Facts:
    """Steps of warm-up that a recipe asks for and those that a run takes (docs/decisions/032)."""
    asked = length.steps_in(asked_epochs)
    return Facts({"warmup_steps": warmup_steps(asked_epochs, length), "warmup_asked": asked})


def warmup_steps(asked_epochs: int, length: Length) -> int:
    """Steps of warm-up: at most a tenth of the run, so that a short one reaches its learning rate at all."""
    return min(length.steps_in(asked_epochs), length.steps // 10)


def momentum_within(moves: int, momentum: float) -> float:
    """A teacher's momentum m, lowered so that its horizon of 1 / (1 - m) updates is at most a tenth of so many moves."""
    return min(momentum, max(0.0, round(1 - 1 / (HORIZON * moves), 6)))


def interval_within(steps: int, alpha: float, interval: int) -> int:
    """Steps between two updates, lowered so that a horizon of 1 / (1 - alpha) updates is at most a tenth of the steps."""
    # Rounded first: 0.05 of 2000 steps are 10, and as floats a little less.
    return min(interval, max(1, math.floor(round(HORIZON * steps * (1 - alpha), 6))))


def queue_within(queue: int, batch: int, keys: int, tiles: int) -> int:
    """A queue of whole batches, but of one at least, that a short run fills eight times and that holds no tile twice.

    Args:
        queue: keys of the recipe's queue.
        batch: tiles in a step.
        keys: that the run makes.
        tiles: of the corpus.
    """
    most = min(int(OF_CORPUS * tiles), int(OF_KEYS * keys))
    return queue if queue <= most else max(1, most // batch) * batch
