"""`/metrics`, in Prometheus' text format 0.0.4.

By hand: the numbers live in the database, where the child processes leave them, and the text is a
line per number. The library `prometheus-client` counts inside one process, which here does none of
the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from bot.spend.currency import DOLLARS
from bot.store.light import Light
from bot.store.tallies import counters, pulses
from bot.worker.due import Timetable, next_turns

Sample = tuple[Mapping[str, str], float]
_SUCCESS = {"fetched": "fetch", "checked": "check"}


def metrics(light: Light, table: Timetable, now: datetime) -> str:
    """The whole page. Raises StoreError if the database does not answer."""
    beats, counted = pulses(light), counters(light)
    today = now.astimezone(UTC).date().toordinal()
    parts = (
        _metric(
            *("last_success_timestamp_seconds", "gauge", "When a job last went well."),
            _successes(beats),
        ),
        _metric(
            *("last_tick_timestamp_seconds", "gauge", "A worker's last sign of life."),
            [
                ({"host": name.removeprefix("ticked/")}, _seconds(at))
                for name, (at, _) in beats.items()
                if name.startswith("ticked/")
            ],
        ),
        _metric(
            *("next_run_timestamp_seconds", "gauge", "When a schedule's next turn comes."),
            [({"schedule": s.schedule}, s.at.timestamp()) for s in next_turns(table, now)],
        ),
        _metric(
            *("runs_total", "counter", "Runs of the worker by how they ended."),
            _runs(counted),
        ),
        _metric(
            *("skipped_total", "counter", "Turns of a schedule that nobody took in time."),
            _by(counted, "skipped/", "schedule"),
        ),
        _metric(
            *("messages", "gauge", "Messages by what is known of them; only `sent` are in Slack."),
            [
                ({"state": s}, n)
                for s, n in light.rows("SELECT state, count(*) FROM outbox GROUP BY state")
            ],
        ),
        _metric(
            *("alerts_firing", "gauge", "Alerts that fire, by severity."),
            _firing(light, now),
        ),
        _metric(
            *("missing_days", "gauge", "Days of the history whose costs are not known."),
            [({}, float(beats["missing"][1]))] if "missing" in beats else [],
        ),
        _spend(light, today),
    )
    return "".join(parts)


def _metric(name: str, kind: str, help_text: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP budget_bot_{name} {help_text}", f"# TYPE budget_bot_{name} {kind}"]
    for labels, value in samples:
        shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"budget_bot_{name}{{{shown}}} {value!r}" if shown else _bare(name, value))
    return "\n".join(lines) + "\n"


def _bare(name: str, value: float) -> str:
    return f"budget_bot_{name} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _successes(beats: Mapping[str, tuple[str, str]]) -> list[Sample]:
    jobs = {**_SUCCESS, **{n: n.removeprefix("ran/") for n in beats if n.startswith("ran/digest/")}}
    return [({"job": job}, _seconds(beats[name][0])) for name, job in jobs.items() if name in beats]


def _runs(counted: Mapping[str, int]) -> list[Sample]:
    found: list[Sample] = []
    for name, number in sorted(counted.items()):
        if name.startswith("runs/"):
            job, _, result = name.removeprefix("runs/").rpartition("/")
            found.append(({"job": job, "result": result}, number))
    return found


def _by(counted: Mapping[str, int], prefix: str, label: str) -> list[Sample]:
    return [
        ({label: name.removeprefix(prefix)}, number)
        for name, number in sorted(counted.items())
        if name.startswith(prefix)
    ]


def _firing(light: Light, now: datetime) -> list[Sample]:
    """As `bot status` counts them: those whose period ended within a week, or has not ended."""
    since = (now.astimezone(UTC).date() - timedelta(days=7)).isoformat()
    sql = (
        "SELECT severity, count(*) FROM alerts WHERE state = 'firing' AND period_end >= ? "
        "GROUP BY severity"
    )
    found: dict[str, int] = dict(light.rows(sql, since))
    return [({"severity": s}, found.get(s, 0)) for s in ("info", "warning", "critical")]


def _spend(light: Light, today: int) -> str:
    """In US dollars under a name that says so; of another bill with its currency as a label.

    Nothing while the first reading is under way, which decides what it is in.
    """
    known = light.rows("SELECT value FROM meta WHERE name = 'currency'")
    is_open = not known and light.rows("SELECT 1 FROM days WHERE currency IS NOT NULL LIMIT 1")
    code = known[0][0] if known else DOLLARS
    name, label = ("spend_dollars", {}) if code == DOLLARS else ("spend", {"currency": code})
    found = [] if is_open else _amounts(light, today)
    samples: list[Sample] = [({**of, **label}, amount) for of, amount in found]
    help_text = "The organisation's spend by UTC day, as known so far."
    return _metric(name, "gauge", help_text, samples)


def _amounts(light: Light, today: int) -> list[Sample]:
    sql = (
        "SELECT day, sum(nanos) FROM cost_sums WHERE dimension = 'organization' AND day IN (?, ?) "
        "GROUP BY day"
    )
    names = {today: "today", today - 1: "yesterday"}
    return [
        ({"day": names[day]}, int(nanos) / 1e9) for day, nanos in light.rows(sql, today, today - 1)
    ]


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
