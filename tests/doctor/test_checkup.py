"""One check that breaks ends its part and no other, and tells no secret."""

from __future__ import annotations

from collections.abc import Iterator

from bot.doctor.checkup import Check, Part, State, ok, told
from bot.errors import ConfigError


def broken(error: Exception) -> Iterator[Check]:
    yield ok("first", "fine")
    raise error


def test_an_error_is_a_failed_check_with_its_way_out_after_those_before_it() -> None:
    error = ConfigError("the database is gone", hint="make another")
    first, second = Part("database", lambda: broken(error)).done()
    assert first == ok("first", "fine")
    assert second == Check("database", State.FAILED, "the database is gone", "make another")


def test_a_bug_is_a_failed_check_that_does_not_quote_it() -> None:
    checks = list(Part("slack", lambda: broken(ValueError("xoxb-CANARY"))).done())
    assert checks[1].state is State.FAILED
    assert checks[1].says == "could not be looked at: ValueError"
    assert "CANARY" not in str(checks)


def test_what_an_error_quotes_is_cleaned_of_tokens_and_line_breaks() -> None:
    check = told("slack", ConfigError("refused xoxb-1234-CANARY\nfor good"))
    assert check.says == "refused *** for good"


def test_no_check_tells_a_secret_whoever_wrote_it_down() -> None:
    said = "the last run failed: sk-admin-CANARY and https://hooks.slack.com/services/T0/CANARY"
    (check,) = Part("last run", lambda: [ok("last run", said)]).done()
    assert check.says == "the last run failed: *** and ***"
