"""What a run found, said and could not see; and how that reads as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from bot.alerts.model import (
    Dimension,
    Finding,
    Measure,
    Reason,
    Remark,
    Severity,
    Skipped,
    Subject,
)
from bot.messages.blockkit import blocks, fallback_text
from bot.messages.model import Message
from bot.messages.placeholders import called
from bot.sources.base import FetchFailure
from bot.spend.calendar import DayState
from bot.spend.currency import Currency
from bot.spend.money import exact
from bot.spend.split import Split

if TYPE_CHECKING:
    from bot.messages.charts import Plot


@dataclass(frozen=True, slots=True)
class DataState:
    """What is known of the bill. `totals`: per day of the refetched window its state and
    nanos of `currency` (None where nothing was ever read)."""

    last_finished_day: date | None
    last_settled_day: date | None
    missing_days: tuple[date, ...]
    rows: Mapping[str, int]
    totals: Mapping[date, tuple[DayState, int | None]]
    currency: Currency


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding, and why it is told or not."""

    finding: Finding
    reason: Reason


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run."""

    as_of: datetime
    data: DataState
    judged: tuple[Judged, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[Remark, ...] = ()
    messages: tuple[Message, ...] = ()
    failures: tuple[FetchFailure, ...] = ()
    undelivered: tuple[tuple[str, str], ...] = ()
    sent: int = 0
    chart_paths: Mapping[str, str] = field(default_factory=dict)
    plots: Mapping[str, Plot] = field(default_factory=dict)
    """Every chart of the digest by its name, not drawn yet: more than its message shows."""

    @property
    def worst(self) -> Severity | None:
        """The highest severity among all that holds."""
        holding = (j.finding.severity for j in self.judged if j.reason is not Reason.RESOLVED)
        return max(holding, key=lambda severity: severity.rank, default=None)

    @property
    def trouble(self) -> tuple[tuple[str, str | None], ...]:
        """What went wrong at the source and the way out: what fails alike is told as one."""
        parts: dict[tuple[str, str | None], list[str]] = {}
        for failure in self.failures:
            why = failure.message.removeprefix(f"{failure.part}: ")
            alike = parts.setdefault((why, failure.hint), [])
            if why != failure.message and failure.part not in alike:
                alike.append(failure.part)
        return tuple(
            (f"{_and(names)}: {why}" if names else why, hint)
            for (why, hint), names in parts.items()
        )

    @property
    def blind(self) -> tuple[FetchFailure, ...]:
        """The failures that leave a part of the bill unread."""
        return tuple(failure for failure in self.failures if not failure.optional)


def _and(parts: Sequence[str]) -> str:
    """`costs`, `costs and usage/completions`, `costs and 10 kinds of usage`."""
    usage = [part for part in parts if part.startswith("usage/")]
    others = [part for part in parts if part not in usage]
    return " and ".join([*others, *(usage if len(usage) < 3 else [f"{len(usage)} kinds of usage"])])


def as_json(report: Report) -> dict[str, Any]:
    """The document of `--output json`. Money is exact in a string, the rest numbers."""
    return {
        "as_of": _instant(report.as_of),
        "data": _data(report.data),
        "findings": [_finding(judged) for judged in report.judged],
        "skipped": [{"rule": s.rule, "subject": s.subject, "why": s.why} for s in report.skipped],
        "messages": [_message(message, report.chart_paths) for message in report.messages],
        "failures": [_failure(failure) for failure in report.failures],
        "undelivered": [{"key": key, "why": why} for key, why in report.undelivered],
    }


def _instant(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def _data(data: DataState) -> dict[str, Any]:
    return {
        "last_finished_day": _iso(data.last_finished_day),
        "last_settled_day": _iso(data.last_settled_day),
        "missing_days": [day.isoformat() for day in data.missing_days],
        "rows": dict(data.rows),
        "totals": {
            day.isoformat(): {
                "state": state.value,
                **data.currency.keyed(nanos),
            }
            for day, (state, nanos) in data.totals.items()
        },
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _finding(judged: Judged) -> dict[str, Any]:
    finding = judged.finding
    return {
        **finding_json(finding),
        "reason": judged.reason.value,
        "why": finding.why,
        "causes": list(finding.causes),
        "split": split_json(finding.split),
    }


def split_json(split: Split | None) -> dict[str, Any] | None:
    """A split: exact amounts in strings; `parts` is None where usage is not known."""
    if split is None:
        return None
    return {
        "against": split.against,
        "observed": exact(split.observed),
        "expected": exact(split.expected),
        "change": exact(split.change),
        "parts": {cause.value: exact(n) for cause, n in split.parts} or None,
        "unexplained": list(split.unexplained),
        "contributors": [
            {
                "dimension": one.dimension,
                "id": one.id,
                "name": one.name,
                "change": exact(one.nanos),
                "share": None if one.share is None else round(one.share, 4),
            }
            for one in split.contributors
        ],
    }


def remark_json(remark: Remark) -> dict[str, Any]:
    """What is no alert, and its sentence."""
    return {
        "rule": remark.rule,
        "subject": subject_json(remark.subject),
        "day": remark.period.start.isoformat(),
        "text": remark.text,
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding's identity and numbers, without its sentence."""
    return {
        "key": finding.key,
        "rule": finding.rule,
        "kind": finding.kind,
        "severity": finding.severity.value,
        "subject": subject_json(finding.subject),
        "period": {
            "unit": finding.period.unit.value,
            "start": finding.period.start.isoformat(),
            "end": finding.period.end.isoformat(),
        },
        "metric": finding.metric,
        "step": _number(finding.step),
        "observed": quantity_json(finding.observed, finding.measure),
        "limit": quantity_json(finding.limit, finding.measure),
        "expected": quantity_json(finding.expected, finding.measure),
        "unit": finding.measure.value,
        "provisional": finding.provisional,
        "forecast": _forecast(finding),
    }


def _forecast(finding: Finding) -> dict[str, Any] | None:
    if finding.foreseen is None:
        return None
    ends = {end: getattr(finding.foreseen, end) for end in ("total", "low", "high")}
    return {
        "step": _number(finding.forecast_step),
        **{end: quantity_json(value, finding.measure) for end, value in ends.items()},
        "limit_falls_on": _iso(finding.foreseen.limit_falls_on),
    }


def subject_json(subject: Subject) -> dict[str, Any]:
    """A subject; a pair joins its names and lists its dimensions and ids."""
    dimensions: Sequence[Dimension] = subject.dimensions
    if len(dimensions) == 1:
        return {"dimension": dimensions[0].value, "id": subject.ids[0], "name": subject.name}
    return {
        "dimension": [dimension.value for dimension in dimensions],
        "id": list(subject.ids),
        "name": subject.name,
    }


def quantity_json(value: float | None, measure: Measure) -> str | int | float | None:
    """Exact money in a string, or a plain number."""
    if value is None:
        return None
    return exact(round(value)) if measure.is_money else _number(value)


def _number(value: float | None) -> int | float | None:
    return int(value) if value is not None and value == int(value) else value


def _message(message: Message, paths: Mapping[str, str]) -> dict[str, Any]:
    return {
        "channel": message.channel,
        "type": message.type.value,
        "key": message.key,
        "action": message.action.value,
        "parent": message.parent,
        "text": fallback_text(message),
        "blocks": called(blocks(message), {}),
        "charts": [paths[chart.name] for chart in message.charts if chart.name in paths],
    }


def _failure(failure: FetchFailure) -> dict[str, Any]:
    return {"part": failure.part, "why": failure.message, "hint": failure.hint}
