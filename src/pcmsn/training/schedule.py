"""How the learning rate changes over a training."""

from __future__ import annotations

import math


def learning_rate_factor(step: int, total: int, warm_up: float) -> float:
    """The factor of the highest learning rate at a step in 1..total: a linear rise, then half a cosine down.

    The rise ends with 1 at ``warm_up`` of all steps; the last step's factor is a little above 0.
    """
    rising = math.floor(warm_up * total)
    if step <= rising:
        return step / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising - 1) / (total - rising)))
