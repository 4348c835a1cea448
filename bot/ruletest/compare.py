"""What a case expected against what the rules said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.alerts.model import Finding, Outcome, Skipped
from bot.ruletest.model import Case, ExpectedFinding, ExpectedSkipped
from bot.spend.money import exact, from_dollars

Expected = TypeVar("Expected", ExpectedFinding, ExpectedSkipped)
Got = TypeVar("Got", Finding, Skipped)


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """A case and how it went. `missed`: expected and not said, with what came nearest;
    `unexpected`: said and not expected. Both empty: passed."""

    case: Case
    missed: tuple[tuple[str, str | None], ...] = ()
    unexpected: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.missed and not self.unexpected


def compared(case: Case, outcomes: Sequence[Outcome]) -> CaseOutcome:
    """Each expectation takes one outcome; what is over on either side is a difference."""
    missed: list[tuple[str, str | None]] = []
    unexpected: list[str] = []
    if case.findings is not None:
        findings = [one for one in outcomes if isinstance(one, Finding)]
        left, over = _matched(case.findings, findings, _finding_differs)
        missed += [_missed(one, over, _finding_differs) for one in left]
        unexpected += [_said_finding(one) for one in over]
    if case.skipped is not None:
        skips = [one for one in outcomes if isinstance(one, Skipped)]
        unmet, others = _matched(case.skipped, skips, _skip_differs)
        missed += [_missed(one, others, _skip_differs) for one in unmet]
        unexpected += [_said_skip(one) for one in others]
    return CaseOutcome(case, tuple(missed), tuple(unexpected))


def _matched(
    expected: Sequence[Expected], got: Sequence[Got], differs: Callable[[Expected, Got], list[str]]
) -> tuple[list[Expected], list[Got]]:
    """What is left of both. The most particular expectations choose first."""
    left, over = [], list(got)
    for one in sorted(expected, key=lambda e: -len(e.model_fields_set)):
        fits = next((each for each in over if not differs(one, each)), None)
        if fits is None:
            left.append(one)
        else:
            over.remove(fits)
    return left, over


def _missed(
    one: Expected, over: Sequence[Got], differs: Callable[[Expected, Got], list[str]]
) -> tuple[str, str | None]:
    same_rule = [each for each in over if each.rule == one.rule]
    near = min((differs(one, each) for each in same_rule), key=len, default=None)
    return _written(one), "; ".join(near) if near else None


def _written(one: ExpectedFinding | ExpectedSkipped) -> str:
    said = one.model_dump(mode="json", exclude_none=True)
    return ", ".join(f"{name}: {_plain(value)}" for name, value in said.items())


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _finding_differs(one: ExpectedFinding, got: Finding) -> list[str]:
    return [
        f"{name} is {is_} where {wanted} was expected"
        for name, wanted, is_, fits in _finding_fields(one, got)
        if not fits
    ]


def _finding_fields(
    one: ExpectedFinding, got: Finding
) -> Iterator[tuple[str, object, object, bool]]:
    yield "rule", one.rule, got.rule, one.rule == got.rule
    if one.subject is not None:
        spoken = (got.subject.name, got.subject.slug, *got.subject.ids)
        yield "subject", one.subject, got.subject.name, one.subject in spoken
    if one.day is not None:
        yield "day", one.day, _period(got), one.day in got.period.span
    if one.period is not None:
        yield "period", one.period, got.period.unit, one.period is got.period.unit
    if "step" in one.model_fields_set:
        yield "step", _step(one.step), _step(got.step), one.step == got.step
    if one.severity is not None:
        yield "severity", one.severity, got.severity, one.severity is got.severity
    yield from _amount_fields(one, got)
    if one.why is not None:
        yield "why", repr(one.why), repr(got.why), one.why in got.why


def _amount_fields(
    one: ExpectedFinding, got: Finding
) -> Iterator[tuple[str, object, object, bool]]:
    """`usd` expects dollars, `amount` the same of any bill."""
    currency = got.measure.currency
    if one.usd is not None:
        in_dollars = currency is None or currency.is_dollars
        yield "usd", one.usd, _money(got), in_dollars and from_dollars(one.usd) == got.observed
    if one.amount is not None:
        yield "amount", one.amount, _money(got), from_dollars(one.amount) == got.observed


def _skip_differs(one: ExpectedSkipped, got: Skipped) -> list[str]:
    fields = [("rule", one.rule, got.rule, one.rule == got.rule)]
    if one.subject is not None:
        fields.append(("subject", one.subject, got.subject, one.subject == got.subject))
    if one.why is not None:
        fields.append(("why", repr(one.why), repr(got.why), one.why in got.why))
    return [
        f"{name} is {is_} where {wanted} was expected"
        for name, wanted, is_, fits in fields
        if not fits
    ]


def _said_finding(got: Finding) -> str:
    parts = [f"rule: {got.rule}", f"subject: {got.subject.name}", f"day: {_period(got)}"]
    if got.step is not None:
        parts.append(f"step: {_step(got.step)}")
    parts.append(f"severity: {got.severity}")
    return f"{', '.join(parts)}\n{got.why}"


def _said_skip(got: Skipped) -> str:
    return f"skipped: rule: {got.rule}, subject: {got.subject}\n{got.why}"


def _period(got: Finding) -> str:
    start = got.period.start.isoformat()
    return start if got.period.unit == "day" else f"{got.period.unit} of {start}"


def _step(step: float | None) -> str:
    return "none" if step is None else f"{step:g}"


def _money(got: Finding) -> str:
    if not got.measure.currency or not got.measure.is_total:
        return str(got.observed)
    currency, amount = got.measure.currency, exact(round(got.observed))
    return amount if currency.is_dollars else f"{amount} {currency.code}"
