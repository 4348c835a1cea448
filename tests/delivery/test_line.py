"""An exchange with Slack stays with Slack, and ends."""

from __future__ import annotations

from http.client import HTTPException

import pytest

from bot.delivery.line import Line, posting
from bot.errors import DeliveryError
from tests.delivery.stage import Stage
from tests.fakes import FakeSlack, Fault

FORM = "application/x-www-form-urlencoded"


def test_a_redirect_is_an_answer_and_not_followed(stage: Stage) -> None:
    with FakeSlack() as elsewhere:
        stage.slack.faults.add(Fault("redirect", location=f"{elsewhere.base_url}auth.test"))
        status, headers, _ = Line().exchange(posting(f"{stage.slack.base_url}auth.test", b"", FORM))
        assert status == 302
        assert elsewhere.base_url in headers["Location"]
        assert elsewhere.requests == []


def test_an_answer_that_never_ends_is_cut_at_sixteen_megabytes(stage: Stage) -> None:
    stage.slack.faults.add(Fault("huge"))
    with pytest.raises(HTTPException, match="the answer is too long"):
        Line(timeout=20).exchange(posting(f"{stage.slack.base_url}auth.test", b"", FORM))


def test_an_answer_byte_by_byte_is_cut_off_in_time(stage: Stage) -> None:
    stage.slack.faults.add(Fault("drip"))
    with pytest.raises(TimeoutError, match="the exchange takes too long"):
        Line(timeout=0.1).exchange(posting(f"{stage.slack.base_url}auth.test", b"", FORM))


@pytest.mark.parametrize(
    "address",
    [
        "http://slack.com/api/",
        "http://127.0.0.1.evil.example/",
        "file:///etc/passwd",
        "//x",
        "",
        "http://[::1",
    ],
)
def test_only_tls_or_this_machine_is_written_to(address: str) -> None:
    with pytest.raises(DeliveryError, match="https:// only") as caught:
        posting(address, b"", FORM)
    assert caught.value.permanent
    assert not address or address not in str(caught.value)
