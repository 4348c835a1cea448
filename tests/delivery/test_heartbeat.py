"""The dead man's switch: what it hears, and that its silence harms nobody."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from bot.delivery.heartbeat import NoHeartbeat, open_heartbeat, watched
from bot.errors import SourceError
from tests.fakes import Fault
from tests.fakes.http import FakeServer, Reply, Request


class Switch(FakeServer):
    """Says OK to everything."""

    expected_token = ""

    def reply_to(self, request: Request, token: str | None) -> Reply:
        assert (request.method, token) == ("POST", None)
        return Reply(200, b"OK", "text/plain")

    def error_body(self, status: int) -> bytes:
        return f"{status}".encode()

    @property
    def heard(self) -> list[tuple[str, str]]:
        return [(request.path, request.body.decode()) for request in self.requests]


@pytest.fixture
def switch() -> Iterator[Switch]:
    with Switch() as found:
        yield found


def address(switch: Switch) -> str:
    return f"{switch.url}/ping/secret-uuid"


def test_a_run_that_goes_well_is_announced_and_reported(switch: Switch) -> None:
    with watched(open_heartbeat(address(switch))) as run:
        assert switch.heard == [("/ping/secret-uuid/start", "")]
        run.trouble = None
    assert switch.heard[1:] == [("/ping/secret-uuid", "")]


def test_a_run_with_trouble_is_reported_as_failed_with_the_reason(switch: Switch) -> None:
    with watched(open_heartbeat(f"{address(switch)}?rid=7")) as run:
        run.trouble = "the bill could not be read"
    assert switch.heard[1:] == [("/ping/secret-uuid/fail", "the bill could not be read")]
    assert switch.requests[1].query == [("rid", "7")]


def test_a_run_that_raises_is_reported_as_failed_and_raises(switch: Switch) -> None:
    with (
        pytest.raises(SourceError),
        watched(open_heartbeat(address(switch))),
    ):
        raise SourceError("no costs", hint="look there")
    with pytest.raises(KeyError), watched(open_heartbeat(address(switch))):
        raise KeyError("sk-admin-canary")
    told = [body for path, body in switch.heard if path.endswith("/fail")]
    assert told == ["no costs\n  look there", "KeyError"]


@pytest.mark.parametrize("kind", ["reset", "drop_before", "500"])
def test_a_ping_that_fails_fails_nothing_and_does_not_show_the_address(
    switch: Switch, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    switch.faults.add(Fault("status", status=500) if kind == "500" else Fault(kind))  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING), watched(open_heartbeat(address(switch))) as run:
        run.trouble = None
    assert "the heartbeat" in caplog.text
    assert "secret-uuid" not in caplog.text


def test_without_an_address_nobody_is_told() -> None:
    assert isinstance(open_heartbeat(""), NoHeartbeat)
