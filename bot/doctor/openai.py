"""The OpenAI key: of what kind it is, and whether costs, usage and names can be read with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from urllib.parse import urlsplit

from bot.config.settings import SourceKind, SourceSettings
from bot.doctor.checkup import (
    Check,
    Checks,
    State,
    failed,
    ok,
    skipped,
    told,
    warning,
)
from bot.doctor.clock import clock_check
from bot.errors import BotError
from bot.sources.access import ADMIN_KEYS_URL, key_kind
from bot.sources.address import checked_base_url
from bot.sources.api_errors import ApiError, TransientError
from bot.sources.http import ApiClient
from bot.sources.openai_pages import Place, read_page
from bot.sources.paging import ROOT, Call
from bot.sources.patience import Patience
from bot.sources.queries import CostsQuery, UsageQuery
from bot.spend.calendar import ONE_DAY, Span
from bot.spend.rows import UsageKind

_ADMIN = "an admin key"
_PROJECT = Call(f"{ROOT}projects", (("limit", "1"), ("include_archived", "true")))
_UNANSWERED = "not asked, as OpenAI did not answer before"


def source_checks(source: SourceSettings) -> Checks:
    """Where the bill comes from."""
    if source.kind is not SourceKind.OPENAI:
        where = "the sample organisation" if source.kind is SourceKind.SAMPLE else "a recording"
        yield warning(
            "source",
            f"the bill is {where}: nothing real is watched",
            "set source.kind: openai and OPENAI_ADMIN_KEY",
        )
        return
    host = urlsplit(checked_base_url(source.base_url)).hostname or ""
    way = " by way of a proxy" if source.proxy else ""
    if host == "openai.com" or host.endswith(".openai.com"):
        yield ok("source", f"{host}{way}")
    else:
        yield warning(
            "source",
            f"the bill and the key go to {host}{way}, which is not OpenAI",
            "if that is not meant, take source.base_url out of the configuration",
        )


def key_checks(
    source: SourceSettings, today: date, now: Callable[[], datetime], patience: float
) -> Checks:
    """The key's kind by its prefix, then one small question for each thing it is needed for.

    `now` is asked when an answer has come, to compare the clocks; each answer has `patience`
    seconds.
    """
    key = source.admin_key.get_secret_value()
    yield _kind(key)
    if not key:
        return
    client = ApiClient(
        key,
        source.base_url,
        proxy=source.proxy,
        ca_bundle=source.ca_bundle,
        patience=_once(patience),
    )
    try:
        yield from _questions(client, source, today)
        yield clock_check("OpenAI", client.server_date, now())
    finally:
        client.close()


def _once(seconds: float) -> Patience:
    limits = {"connect": seconds, "read": seconds, "deadline": seconds, "budget": seconds}
    return Patience(attempts=1, **limits)


def _kind(key: str) -> Check:
    kind = key_kind(key.strip())
    if kind == _ADMIN:
        return ok("openai key", kind)
    way_out = f"create an admin key under {ADMIN_KEYS_URL} and set OPENAI_ADMIN_KEY"
    if not key:
        return failed("openai key", "there is none", way_out)
    return warning("openai key", f"this is {kind}; costs need {_ADMIN}", way_out)


def _questions(client: ApiClient, source: SourceSettings, today: date) -> Checks:
    day, groups = Span(today, today + ONE_DAY), tuple(source.break_down_by)
    costs = CostsQuery(groups).call(day, 1)
    usage = UsageQuery(UsageKind.COMPLETIONS, groups).call(day, 1)
    asked = (
        ("openai costs", costs, State.FAILED, "costs can be read"),
        ("openai usage", usage, State.WARNING, "usage can be read"),
        ("openai names", _PROJECT, State.WARNING, "names of projects can be read"),
    )
    is_silent = False
    for name, call, state, says in asked:
        if is_silent:
            yield skipped(name, _UNANSWERED)
            continue
        try:
            answer = client.get(call.path, call.params)
            read_page(answer.body, Place(call.endpoint, 1, answer.request_id))
        except BotError as error:
            is_silent = isinstance(error, TransientError) and error.status is None
            yield _without(told(name, _briefly(error), state))
        else:
            yield ok(name, says)


def _briefly(error: BotError) -> BotError:
    """The error without its endpoint and request, which the check's name stands for."""
    return BotError(error.wrong, hint=error.hint) if isinstance(error, ApiError) else error


def _without(check: Check) -> Check:
    """What the bot does not do without it, if it goes on without it."""
    lost = {
        "openai usage": "without it there are no requests, tokens or ratios, only money",
        "openai names": "without it alerts show ids instead of names",
    }.get(check.name)
    if lost is None:
        return check
    return Check(check.name, check.state, f"{check.says}; {lost}", check.way_out)
