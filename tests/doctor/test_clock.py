"""The clock is judged by how far it is from a server's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.doctor.checkup import Check, State
from bot.doctor.clock import clock_check

DATE = "Fri, 20 Nov 2026 09:00:00 GMT"
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def by(seconds: float) -> Check:
    return clock_check("Slack", DATE, AT + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("seconds", "state", "says"),
    [
        (0, "ok", "0 s apart"),
        (60, "ok", "60 s apart"),
        (-60, "ok", "60 s apart"),
        (61, "warning", "this clock is 61 seconds ahead of Slack's"),
        (-300, "warning", "this clock is 300 seconds behind Slack's"),
        (-301, "failed", "this clock is 301 seconds behind Slack's"),
        (3600, "failed", "this clock is 60 minutes ahead of Slack's"),
        (90_000, "failed", "this clock is 25 hours ahead of Slack's"),
        (-864_000, "failed", "this clock is 10 days behind Slack's"),
    ],
)
def test_it_warns_beyond_a_minute_and_fails_beyond_five(
    seconds: float, state: str, says: str
) -> None:
    check = by(seconds)
    assert (check.state, check.says) == (State(state), says)
    assert bool(check.way_out) is (state != "ok")


@pytest.mark.parametrize("header", ["", "yesterday", "20 Nov", "Fri, 99 Nov 2026 09:00:00 GMT"])
def test_a_server_that_does_not_tell_the_time_is_no_trouble(header: str) -> None:
    assert clock_check("OpenAI", header, AT).state is State.SKIPPED
