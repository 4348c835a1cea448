"""Sharing a change out: among the factors of a product, and among whole numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache


def whole(parts: Sequence[float], total: int) -> list[int]:
    """The parts as integers that add up to `total`: each rounded, the rest by largest remainder.

    A part that rounds to zero stays zero while another can carry the rest.
    """
    rounded = [round(part) for part in parts]
    missing = total - sum(rounded)
    order = sorted(
        range(len(parts)),
        key=lambda n: (rounded[n] != 0, (parts[n] - rounded[n]) * (1 if missing > 0 else -1)),
        reverse=True,
    )
    if 0 < abs(missing) <= sum(1 for value in rounded if value):
        for n in order[: abs(missing)]:
            rounded[n] += 1 if missing > 0 else -1
    elif missing:  # what floats cannot hold of huge sums; or there is no part to carry it
        rounded[max(range(len(parts)), key=lambda n: abs(parts[n]))] += missing
    return rounded


def effects_of_product(before: Sequence[float], after: Sequence[float]) -> list[float]:
    """The Shapley value of every factor in the change of a product; they add up to it."""
    weights = _weights(len(before))
    effects = []
    for n in range(len(before)):
        sizes = [1.0]  # by how many of the other factors have changed already
        for m, (old, new) in enumerate(zip(before, after, strict=True)):
            if m != n:
                sizes = [
                    old * stays + new * changes
                    for stays, changes in zip((*sizes, 0.0), (0.0, *sizes), strict=True)
                ]
        averaged = sum(weight * size for weight, size in zip(weights, sizes, strict=True))
        effects.append((after[n] - before[n]) * averaged)
    return effects


@lru_cache
def _weights(factors: int) -> tuple[float, ...]:
    return tuple(1 / (factors * math.comb(factors - 1, size)) for size in range(factors))
