"""What could not be read is never told as zero, nor as "fine"."""

from __future__ import annotations

import pytest

from tests.cases.stage import YESTERDAY, Place, at
from tests.fakes.faults import Fault


@pytest.fixture
def blind(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Nothing was ever read, and nothing can be."""
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-proj-wrong")
    return place


def test_a_check_that_saw_nothing_does_not_say_that_nothing_is_over(blind: Place) -> None:
    ran = blind.run("check", "--dry-run")
    assert ran.code == 4
    assert "No finding, but not everything could be seen: see below." in ran.out
    assert "Nothing is over its limits" not in ran.out


def test_a_digest_of_a_bill_that_was_never_read_names_no_amount(blind: Place) -> None:
    message = blind.document("digest", "--dry-run", *at(0), code=4)["messages"][0]
    assert message["text"].startswith(
        "Thu 19 Nov: an unknown amount spent, costs could not be read whole."
    )
    assert "$0" not in str(message["blocks"])


def test_a_digest_with_a_day_unread_says_that_an_amount_is_the_least_it_can_be(
    place: Place,
) -> None:
    place.bot("fetch", "--as-of", f"{YESTERDAY}T12:00:00Z")  # yesterday by noon: a part of it
    place.openai.faults.add(Fault("status", path="*/costs", times=None, status=403))
    shown = place.run("digest", "--dry-run", *at(0)).out
    assert "Thu 19 Nov: at least $120 spent, costs could not be read whole" in shown
    assert "November 2026: at least $1,320" in shown


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (Fault("html", "*/costs", times=None), ": a web page came instead of data"),
        (Fault("redirect", "*/costs", None, status=308), ": redirected to elsewhere.invalid (308)"),
        (
            Fault("wire", "*/costs", None, body=b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\n{}"),
            ": the answer is `a/b`, not application/json",
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_an_answer_that_is_not_the_bill_is_told_in_a_line_and_ends_with_four(
    place: Place, fault: Fault, line: str
) -> None:
    place.openai.faults.add(fault)
    ran = place.run("check", *at(0))
    assert ran.code == 4
    assert [said for said in ran.err.splitlines() if line in said], ran.err
    assert "Traceback" not in ran.err
    assert "sk-admin-test" not in ran.out + ran.err
