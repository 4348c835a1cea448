"""Other ways to call a day a spike, as limits: (days, series) in, the limit of every day out.

Each sees at most 90 days before the day. `strength` is the threshold that is swept: the ratio, the
number of deviations, or the quantile's normal score. Written from their published descriptions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Detector = Callable[[Floats, float], Floats]

HISTORY = 90
START = 28
"""The first day that is judged."""


def _walk(values: Floats, expected: Callable[[Floats], Floats]) -> Floats:
    limits = np.full(values.shape, np.inf)
    for day in range(START, len(values)):
        limits[day] = expected(values[max(0, day - HISTORY) : day])
    return limits


def week_mean(values: Floats, strength: float) -> Floats:
    """The last day against a multiple of the mean of the seven days before."""
    return _walk(values, lambda past: strength * past[-7:].mean(axis=0))


def three_sigma(values: Floats, strength: float) -> Floats:
    """Mean and standard deviations of 30 days."""
    return _walk(values, lambda past: past[-30:].mean(axis=0) + strength * past[-30:].std(axis=0))


def weekday_mad(values: Floats, strength: float) -> Floats:
    """Median and median absolute deviation of the last eight same weekdays."""

    def limit(past: Floats) -> Floats:
        same = past[-7::-7][:8]
        middle = np.median(same, axis=0)
        return np.asarray(middle + strength * 1.4826 * np.median(np.abs(same - middle), axis=0))

    return _walk(values, limit)


def decompose(values: Floats, strength: float) -> Floats:
    """A weekly profile around a mean, and Tukey's fences on the 10th and 90th percentile of what
    is left: `series_decompose_anomalies` of Kusto, as the FinOps toolkit of Microsoft uses it."""

    def limit(past: Floats) -> Floats:
        weeks = past[len(past) % 7 :].reshape(-1, 7, past.shape[1])
        profile = weeks.mean(axis=0)
        left = (weeks - profile).reshape(-1, past.shape[1])
        low, high = np.percentile(left, [10, 90], axis=0)
        return np.asarray(profile[0] + high + strength * (high - low))

    return _walk(values, limit)


def gamma_tail(values: Floats, strength: float) -> Floats:
    """The tail of a gamma distribution around the weekday's mean (Wilson and Hilferty, 1931)."""

    def limit(past: Floats) -> Floats:
        weeks = past[len(past) % 7 :].reshape(-1, 7, past.shape[1])
        mean = np.maximum(weeks.mean(axis=0), 1e-9)
        spread = (((weeks - mean) / mean) ** 2).mean(axis=(0, 1))
        shape = 1 / np.maximum(spread, 1e-4)
        root = 1 - 1 / (9 * shape) + strength / (3 * np.sqrt(shape))
        return np.asarray(mean[0] * np.maximum(root, 0) ** 3)

    return _walk(values, limit)


PEERS: Mapping[str, tuple[Detector, float, tuple[float, ...]]] = {
    "1.5 x the 7-day mean": (week_mean, 1.5, (1.2, 1.5, 2, 2.5, 3, 4, 5, 7, 10)),
    "mean + 3 sigma, 30 days": (three_sigma, 3, (2, 2.5, 3, 3.5, 4, 4.7)),
    "weekday MAD, 8 weeks": (weekday_mad, 3.5, (3, 4, 6, 9, 14, 22, 40, 80)),
    "decompose + Tukey (Kusto)": (decompose, 1.5, (0.6, 0.9, 1.2, 1.5, 2, 3, 4)),
    "gamma tail by weekday": (gamma_tail, 2.6, (1.6, 2, 2.3, 2.6, 3, 3.5, 4, 5)),
}
"""Name -> detector, its usual threshold, and those tried to reach a budget of false alerts."""
