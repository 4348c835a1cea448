"""`make bench-judgement`: how well spikes and drifts are judged, beside other ways to do it.

Seeds below 100 and 321 were used to choose the rule's numbers; the figures are of other ones, in a
usual and in a rougher world. The limits are those of `bot.spend.baseline`, which the spike rule
uses as it is, but for the day before, which is not settled yet in the bot; organisations go through
the replay of `bot backtest`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.measure import (
    SWINGS,
    Score,
    at_budget,
    of_peer,
    oracle,
    score,
    shipped,
)
from benchmarks.organisations import FIRST, Verdict, measured, replayed
from benchmarks.peers import PEERS, START
from benchmarks.simulator import ROUGH, USUAL, Bill, Flags, Floats, series
from bot.kinds import Drift, Rule
from bot.spend.baseline import NORMAL_SWINGS, replay

SEED, COUNT, DAYS = 701, 300, 400
LUCK = 0.02
"""About the standard error of a recall: less than this apart is level."""


def defaults(bill: Bill) -> dict[str, Score]:
    """False alerts and recall as shipped, and of the peers at their usual thresholds."""
    everyone = np.ones(bill.values.shape[1], dtype=bool)
    found = {"this bot": score(bill, shipped(bill.values)(NORMAL_SWINGS), everyone)}
    for name, (detector, usual, _) in PEERS.items():
        found[name] = score(bill, detector(bill.values, usual), everyone)
    return found


def budgeted(bill: Bill, some: Flags, budget: float) -> dict[str, Score]:
    """Recall of some series at the same rate of false alerts, each threshold set for that."""
    found = {
        "an oracle": at_budget(bill, oracle(bill), SWINGS, some, budget),
        "this bot": at_budget(bill, shipped(bill.values), SWINGS, some, budget),
    }
    for name, (detector, _, tried) in PEERS.items():
        found[name] = at_budget(bill, of_peer(detector, bill.values), tried, some, budget)
    return found


def masked(bill: Bill, limits: Callable[[Floats], Floats]) -> float:
    """Recall of a tripled day after a day at ten times its cost, 1 to 21 days before."""
    hits = []
    for back in (1, 3, 7, 14, 21):
        values = bill.values.copy()
        values[-1 - back] *= 10
        usual = np.median(bill.values[-29:-1:7], axis=0)
        carries = (bill.values[-1] > 0) & (bill.values[-1] >= 0.5 * usual) & bill.is_regular
        hits.append(float((values[-1] * 3 > limits(values)[-1])[carries].mean()))
    return float(np.mean(hits))


def part_day(bill: Bill, size: float) -> float:
    """Share of regular days times `size` that are above the whole day's limit at half of it."""
    limits = replay(bill.values, start=START).limit[START:, bill.is_regular]
    half = 0.5 * size * bill.values[START:, bill.is_regular]
    return float((half > limits).mean())


def drifts(bill: Bill) -> tuple[float, float, float]:
    """Episodes a series-year, and the share found of creeps to twice in 28 days and of doublings.

    Through the replay, on regular series, each found within six weeks.
    """
    values = bill.values[:200, bill.is_regular][:, :40]
    start = 120
    grown = np.clip((np.arange(len(values)) - start) / 28, 0, 1)[:, None]
    doubled = np.where(np.arange(len(values)) >= start, 2.0, 1.0)[:, None]
    quiet, _ = _drift_alerts(values, start)
    years = values.shape[1] * (len(values) - START - 35) / 365.25
    creeps = _drift_alerts(values * 2**grown, start)[1]
    return quiet / years, creeps, _drift_alerts(values * doubled, start)[1]


def _drift_alerts(values: Floats, start: int) -> tuple[int, float]:
    """Alerts in all, and the share of series with one in the six weeks from `start`."""
    rule: Rule = Drift.model_validate(
        {"name": "drift", "kind": "drift", "per": "project", "min_usd": 0}
    )
    told = 0
    found = []
    for column in range(values.shape[1]):  # alone: the floor is a share of the organisation
        alerts = replayed(values[:, [column]], [0], [rule]).alerts
        told += len(alerts)
        rows = [(alert.first.day - FIRST).days for alert in alerts]
        found.append(any(start <= row < start + 42 for row in rows))
    return told, float(np.mean(found))


def _table(title: str, scores: dict[str, Score]) -> None:
    print(f"\n{title}\n{'':<28}{'FA/yr':>7}{'x1.5':>7}{'x2':>7}{'x3':>7}{'x5':>7}")
    for name, each in scores.items():
        figures = "".join(f"{recall:7.2f}" for recall in each.recall)
        print(f"{name:<28}{each.false_alerts:7.1f}{figures}")


def _print_organisation(of: Verdict) -> None:
    print(
        f"\nOrganisations of about 34 series, all levels, defaults: {of.alerts_per_week} alerts a "
        f"week, x3: {of.recall:.0%} of the spikes and {of.dollars:.0%} of their dollars, "
        f"{of.per_switch} alerts per model switch"
    )


def _print_checks(bill: Bill) -> None:
    three_sigma, strength, _ = PEERS["mean + 3 sigma, 30 days"]
    ours = masked(bill, lambda values: replay(values, start=len(values) - 1).limit)
    theirs = masked(bill, lambda values: three_sigma(values, strength))
    print(
        f"\nA x3 day within three weeks of a x10 one: {ours:.0%} found; mean + 3 sigma {theirs:.0%}"
    )
    parts = ", ".join(f"x{size:g} {part_day(bill, size):.0%}" for size in (1, 3, 5, 10))
    print(f"Half a day that is above the whole day's limit: {parts}")
    episodes, creep, shift = drifts(bill)
    print(
        f"Drift, regular series: {episodes:.1f} episodes a year, creep x2 {creep:.0%}, doubled "
        f"{shift:.0%} within six weeks"
    )


def _in_short(found: dict[str, Score]) -> str:
    """How far before or behind the best of the others, with what is luck called a tie."""
    others = {n: s.at(2.0) for n, s in found.items() if n not in ("this bot", "an oracle")}
    best = max(others, key=lambda name: others[name])
    gap = found["this bot"].at(2.0) - others[best]
    place = "level with" if abs(gap) < LUCK else "before" if gap > 0 else "behind"
    return (
        f"In short, x2: this bot {found['this bot'].at(2.0):.2f}, {place} the best other, {best} "
        f"({others[best]:.2f}); an oracle {found['an oracle'].at(2.0):.2f}."
    )


def main() -> None:
    """Print every table; takes some minutes."""
    for name, world in {"A usual world": USUAL, "A rough world": ROUGH}.items():
        print(f"\n== {name}")
        bill = series(SEED, COUNT, DAYS, world)
        everyone = np.ones(COUNT, dtype=bool)
        _table("As shipped, all series", defaults(bill))
        regular = budgeted(bill, bill.is_regular, 2)
        _table("Regular series at 2 false alerts a year", regular)
        print(_in_short(regular))
        everybody = budgeted(bill, everyone, 4)
        _table("All series at 4 false alerts a year", everybody)
        print(_in_short(everybody))
        _print_checks(bill)
        _print_organisation(measured(range(801, 813), world=world))


if __name__ == "__main__":
    main()
