"""config.yaml as a person writes it, checked and typed. Every default stands here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

from bot.addresses import unsafe, unsafe_proxy
from bot.config.written import DEFAULT_RULES, DEFAULT_STORE, OPENAI
from bot.kinds.base import Globs
from bot.kinds.durations import Duration
from bot.spend.calendar import SettlingTimes

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True
    )


def _safe_to_write_to(url: str) -> str:
    if wrong := unsafe(url):
        raise ValueError(wrong)
    return url


def _safe_secret(url: SecretStr) -> SecretStr:
    """For an address that is a secret itself, or empty."""
    if url.get_secret_value():
        _safe_to_write_to(url.get_secret_value())
    return url


def _proxy(url: str) -> str:
    if url and (wrong := unsafe_proxy(url)):
        raise ValueError(wrong)
    return url


BaseUrl = Annotated[str, AfterValidator(_safe_to_write_to)]
SecretUrl = Annotated[SecretStr, AfterValidator(_safe_secret)]
Proxy = Annotated[str, AfterValidator(_proxy)]


class SourceKind(StrEnum):
    SAMPLE = "sample"
    RECORDING = "recording"
    OPENAI = OPENAI


class Grouping(StrEnum):
    """What costs are broken down by."""

    PROJECT = "project"
    LINE_ITEM = "line_item"
    API_KEY = "api_key"


class SourceSettings(_Section):
    kind: SourceKind = SourceKind.SAMPLE
    path: Path | None = None
    admin_key: SecretStr = SecretStr("")
    base_url: BaseUrl = "https://api.openai.com/v1"
    proxy: Proxy | None = None
    ca_bundle: Path | None = None
    history_days: Annotated[int, Field(ge=1, le=3660)] = 90
    refetch_days: Annotated[int, Field(ge=1, le=60)] = 4
    settle_days: Annotated[int, Field(ge=0, le=30)] = 2
    grace_hours: Annotated[int, Field(ge=0, le=72)] = 6
    break_down_by: tuple[Grouping, ...] = tuple(Grouping)

    @property
    def settling(self) -> SettlingTimes:
        return SettlingTimes(timedelta(hours=self.grace_hours), timedelta(days=self.settle_days))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind is SourceKind.RECORDING and self.path is None:
            raise ValueError("`kind: recording` needs `path`, the folder of the recording")
        if self.refetch_days > self.history_days:
            raise ValueError("`refetch_days` cannot be more than `history_days`")
        return self


class StoreSettings(_Section):
    url: str = DEFAULT_STORE


class Route(_Section):
    """Where findings about some subjects go. `match` looks at dimensions, rule and severity."""

    match: dict[
        Literal["project", "model", "snapshot", "line_item", "api_key", "rule", "severity"], Globs
    ]
    channel: str
    mention: str | None = None


class SlackSettings(_Section):
    bot_token: SecretStr = SecretStr("")
    app_token: SecretStr = SecretStr("")
    webhook_url: SecretUrl = SecretStr("")
    channel: str = "#llm-costs"
    base_url: BaseUrl = "https://slack.com/api/"
    proxy: Proxy | None = None
    routes: tuple[Route, ...] = ()
    may_answer: tuple[Annotated[str, StringConstraints(pattern="^[UWS][A-Z0-9]{2,30}$")], ...] = ()

    @property
    def interactive(self) -> bool:
        """Whether alerts have buttons, and somebody listens to them."""
        return bool(self.app_token.get_secret_value() and self.bot_token.get_secret_value())


def _time_of_day(text: str) -> time:
    if not _CLOCK.fullmatch(text):
        raise ValueError('a time of day is written "09:00"')
    return time.fromisoformat(text)


class DigestTime(_Section):
    """A moment in the week, month or day: `at` on `weekday` (0 is Monday) or on day `of_month`."""

    at: time
    weekday: int | None = None
    of_month: int | None = None

    def falls_on(self, day: date) -> bool:
        """Whether the local date is one of its days."""
        if self.weekday is not None:
            return day.weekday() == self.weekday
        return self.of_month is None or day.day == self.of_month


def _daily(value: Any) -> Any:
    return {"at": _time_of_day(value)} if isinstance(value, str) else value


def _weekly(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    name, _, clock = value.partition(" ")
    if name.casefold() not in _WEEKDAYS:
        raise ValueError('a weekly time is written "monday 09:00"')
    return {"at": _time_of_day(clock.strip()), "weekday": _WEEKDAYS.index(name.casefold())}


def _monthly(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    number, _, clock = value.partition(" ")
    if not number.isdecimal() or not 1 <= int(number) <= 28:
        raise ValueError('a monthly time is written "1 09:00", on a day from 1 to 28')
    return {"at": _time_of_day(clock.strip()), "of_month": int(number)}


def _written(read: Callable[[Any], Any], form: str) -> BeforeValidator:
    """Reads a moment from text of that form; the schema for editors knows the form."""
    return BeforeValidator(
        read, json_schema_input_type=Annotated[str, StringConstraints(pattern=f"^{form}$")]
    )


Daily = Annotated[DigestTime, _written(_daily, _CLOCK.pattern)]
Weekly = Annotated[DigestTime, _written(_weekly, f"[A-Za-z]+ {_CLOCK.pattern}")]
Monthly = Annotated[DigestTime, _written(_monthly, rf"\d{{1,2}} {_CLOCK.pattern}")]


class DigestSettings(_Section):
    daily: Daily | None = DigestTime(at=time(9))
    weekly: Weekly | None = DigestTime(at=time(9), weekday=0)
    monthly: Monthly | None = DigestTime(at=time(9), of_month=1)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone; write one such as Europe/Berlin or UTC") from None
    return name


def _at_least_a_minute(every: timedelta) -> timedelta:
    if every < timedelta(minutes=1):
        raise ValueError("cannot be less than a minute: 1m")
    return every


class ScheduleSettings(_Section):
    timezone: Annotated[str, AfterValidator(_known_zone)] = "Europe/Berlin"
    check_every: Annotated[Duration, AfterValidator(_at_least_a_minute)] = timedelta(hours=1)
    digest: DigestSettings = DigestSettings()
    catch_up: Duration = timedelta(hours=24)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def _reasonable_tick(tick: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= tick <= timedelta(minutes=5):
        raise ValueError("is 1s at least and 5m at most")
    return tick


def _time_to_work(limit: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= limit <= timedelta(days=1):
        raise ValueError("is 1s at least and 1d at most")
    return limit


def _host_and_port(address: str) -> str:
    host, _, port = address.rpartition(":")
    if address and not (host and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError('is an address and a port such as "127.0.0.1:9464"')
    return address


class WorkerSettings(_Section):
    """`bot run`: how often it looks, and what one run may use."""

    tick: Annotated[Duration, AfterValidator(_reasonable_tick)] = timedelta(seconds=30)
    run_timeout: Annotated[Duration, AfterValidator(_time_to_work)] = timedelta(minutes=15)
    memory_mb: Annotated[int, Field(ge=256, le=1024 * 1024)] = 1024
    listen: Annotated[str, AfterValidator(_host_and_port)] = ""


class Settings(_Section):
    """Everything config.yaml says. Relative paths are relative to the file's folder (`home`)."""

    source: SourceSettings = SourceSettings()
    store: StoreSettings = StoreSettings()
    slack: SlackSettings = SlackSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    rules: Path = Path(DEFAULT_RULES)
    heartbeat_url: SecretUrl = SecretStr("")
    """A secret too: whoever has it can say that all is well."""
    worker: WorkerSettings = WorkerSettings()
