"""What a file of rule tests holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.alerts.model import Severity
from bot.ruletest.series import Series
from bot.spend.calendar import ONE_DAY, DayState, Span, Unit, utc_day
from bot.spend.currency import DOLLARS


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _in_utc(value: Any) -> Any:
    """An ISO 8601 instant; without an offset it is UTC."""
    if not isinstance(value, str):
        return value
    try:
        instant = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("is no instant\nwrite 2026-11-20T09:00:00Z") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


Instant = Annotated[datetime, BeforeValidator(_in_utc)]


NO_INSTANT = datetime.min.replace(tzinfo=UTC)
"""Of a case that leaves its instant to the file."""


class DailyMoney(_Part):
    """Money of consecutive days from one on: US dollars, or amounts in the case's currency."""

    start: date = Field(alias="from")
    usd: Series = ()
    amount: Series = ()

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if len({"usd", "amount"} & self.model_fields_set) != 1:
            raise ValueError("needs `usd`, or `amount` in the test's `currency`")
        return self

    @property
    def amounts(self) -> Series:
        return self.usd or self.amount


class Costs(_Part):
    """Money of one place on the bill. `model` is short for its line item of output."""

    daily: DailyMoney
    project: str | None = None
    line_item: str | None = None
    model: str | None = None
    api_key: str | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if self.line_item and self.model:
            raise ValueError("a cost has a `line_item` or a `model`, not both")
        return self


class DailyUse(_Part):
    """Counts of consecutive days from one on."""

    start: date = Field(alias="from")
    requests: Series = ()
    input_tokens: Series = ()
    output_tokens: Series = ()
    cached_tokens: Series = ()


class Usage(_Part):
    """Volume of one project, model and key."""

    daily: DailyUse
    project: str | None = None
    model: str | None = None
    api_key: str | None = None


class DaySpan(_Part):
    """Days, `from` and `until` included."""

    start: date = Field(alias="from")
    until: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until < self.start:
            raise ValueError("`until` lies before `from`")
        return self


def _as_span(value: Any) -> Any:
    return {"from": value, "until": value} if isinstance(value, str) else value


SomeDays = tuple[Annotated[DaySpan, BeforeValidator(_as_span)], ...]


class Days(_Part):
    """Days whose state is another than the clock says."""

    missing: SomeDays = ()
    settling: SomeDays = ()
    settled: SomeDays = ()

    def states(self) -> dict[date, DayState]:
        """The state of each day that is named; the worse one where it is named twice."""
        known: dict[date, DayState] = {}
        for state, spans in (
            (DayState.SETTLED, self.settled),
            (DayState.SETTLING, self.settling),
            (DayState.MISSING, self.missing),
        ):
            for span in spans:
                known |= dict.fromkeys(Span(span.start, span.until + ONE_DAY), state)
        return known


class ExpectedFinding(_Part):
    """A finding that must be there. What is left out is not compared.

    `day` is a day of its period, `usd` or `amount` what it observed, `why` a part of its sentence.
    """

    rule: str
    subject: str | None = None
    day: date | None = None
    period: Unit | None = None
    step: float | None = None
    severity: Severity | None = None
    usd: Decimal | None = None
    amount: Decimal | None = None
    why: str | None = None


class ExpectedSkipped(_Part):
    """Something that could not be judged. What is left out is not compared."""

    rule: str
    subject: str | None = None
    why: str | None = None


def _as_code(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


Code = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Named = Literal["project", "api_key"]


class Case(_Part):
    """A bill, an instant, and what is expected of the rules then; of `only` some, if it says so."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    as_of: Instant = NO_INSTANT
    currency: Annotated[Code, BeforeValidator(_as_code)] = DOLLARS
    only: tuple[str, ...] | None = None
    costs: tuple[Costs, ...] = ()
    usage: tuple[Usage, ...] = ()
    names: dict[Named, dict[str, str]] = Field(default_factory=dict)
    days: Days = Days()
    judge: Annotated[tuple[date, ...], Field(min_length=1)] | None = None
    findings: tuple[ExpectedFinding, ...] | None = None
    skipped: tuple[ExpectedSkipped, ...] | None = None

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if self.findings is None and self.skipped is None:
            raise ValueError(
                "needs `findings` or `skipped`: a test says what it expects\n"
                "`findings: []` expects that nothing is told"
            )
        return self

    @model_validator(mode="after")
    def _in_its_currency(self) -> Self:
        money = [cost.daily for cost in self.costs]
        if self.currency != DOLLARS and any("usd" in one.model_fields_set for one in money):
            raise ValueError(f"its bill is in {self.currency}: write `amount`, not `usd`")
        return self

    @property
    def today(self) -> date:
        return utc_day(self.as_of)

    @property
    def judged(self) -> tuple[date, ...]:
        """The days to judge: those named, else the last four as a check does."""
        return self.judge or tuple(self.today - timedelta(days=back) for back in (3, 2, 1, 0))


class TestFile(_Part):
    """One file. `rules` is read by the rule loader; the paths are relative to the file."""

    __test__ = False  # pytest: no test class

    rules: tuple[Any, ...] = ()
    rule_files: tuple[Path, ...] = ()
    as_of: Instant = NO_INSTANT
    tests: tuple[Case, ...]

    @model_validator(mode="after")
    def _about_rules(self) -> Self:
        if not self.rules and not self.rule_files:
            raise ValueError("needs `rules` or `rule_files`: what is tested")
        if not self.tests:
            raise ValueError("needs a test under `tests`")
        return self

    @property
    def cases(self) -> tuple[Case, ...]:
        """The tests, each with its own instant, or else with the file's."""
        given = {"as_of": self.as_of}
        return tuple(
            case.model_copy(update=given) if case.as_of == NO_INSTANT else case
            for case in self.tests
        )
