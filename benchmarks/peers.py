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


def plain_weekday(values: Floats, strength: float) -> Floats:
    """The rule the bot's grew from: the median of six same weekdays, moved half-way by the median
    miss of the last week, times upward misses only; a cushion of 30 %."""
    days = len(values)
    before = np.full((42, values.shape[1]), np.nan)
    padded = np.concatenate([before, values])
    weeks = np.stack([padded[42 - 7 * n : 42 - 7 * n + days] for n in range(1, 7)], axis=-1)
    base = np.full(values.shape, np.nan)
    base[7:] = np.nanmedian(weeks[7:], axis=-1)
    limits = np.full(values.shape, np.inf)
    for day in range(START, days):
        cushion = 0.3 * values[day - 28 : day].mean(axis=0) + 1e-9
        past = slice(max(day - 56, 14), day)
        miss = np.log((values[past] + cushion) / (base[past] + cushion))
        shift, swing = _plain_swing(miss)
        usual = np.maximum((base[day] + cushion) * np.exp(shift) - cushion, 0.0)
        limits[day] = (usual + cushion) * np.exp(strength * swing) - cushion
        limits[day] = np.maximum(limits[day], np.maximum(1.5 * usual, usual + 5))
    return limits


def _plain_swing(miss: Floats) -> tuple[Floats, Floats]:
    """The shift of the day after these misses, and how far they normally swing upwards."""
    shifts = np.zeros((len(miss) + 1, miss.shape[1]))
    for n in range(1, len(shifts)):
        shifts[n] = np.median(miss[max(0, n - 7) : n], axis=0) / 2
    ran = np.maximum(miss - shifts[:-1], 0.0)
    ran = ran[7:] if len(ran) > 35 else ran
    cap = np.full(miss.shape[1], np.inf)
    for _ in range(5):
        squares = 2 * (np.minimum(ran, cap) ** 2).sum(axis=0)
        swing = np.sqrt((squares + 14 * 0.2**2) / (len(ran) + 14))
        cap = 3.5 * swing
    return shifts[-1], swing * max(1.0, ((1 + 14 / len(ran)) / (1 + 14 / 42)) ** 0.5)


PEERS: Mapping[str, tuple[Detector, float, tuple[float, ...]]] = {
    "the plain weekday rule": (plain_weekday, 2.5, (1.5, 2, 2.25, 2.5, 2.75, 3, 3.5, 4)),
    "1.5 x the 7-day mean": (week_mean, 1.5, (1.2, 1.5, 2, 2.5, 3, 4, 5, 7, 10)),
    "mean + 3 sigma, 30 days": (three_sigma, 3, (2, 2.5, 3, 3.5, 4, 4.7)),
    "weekday MAD, 8 weeks": (weekday_mad, 3.5, (3, 4, 6, 9, 14, 22, 40, 80)),
    "decompose + Tukey (Kusto)": (decompose, 1.5, (0.6, 0.9, 1.2, 1.5, 2, 3, 4)),
    "gamma tail by weekday": (gamma_tail, 2.6, (1.6, 2, 2.3, 2.6, 3, 3.5, 4, 5)),
}
"""Name -> detector, its usual threshold, and those tried to reach a budget of false alerts."""
