"""Who moved, with the reason: projects first, then models and keys they do not tell already."""

from __future__ import annotations

from bot.kinds.movers import moved
from bot.kinds.why import Why
from bot.spend.calendar import Period, Unit, period_of
from bot.spend.ledger import Ledger
from bot.spend.metrics import Additive
from tests.build import YESTERDAY, Entry, ledger, on, spend, used
from tests.messages.digests import bill, book, busy

DAY = period_of(YESTERDAY, Unit.DAY)


def told(found: Ledger, period: Period = DAY) -> list[tuple[str, str, str]]:
    """Dimension, name and reason of each."""
    return [(one.dimension, one.name, one.why) for one in moved(Why(found), period)]


def of_key(key: str, model: str, dollars: float, requests: int) -> list[Entry]:
    """More money and requests of one project last Thursday, by a key and a model."""
    of = {"project": "proj_a", "api_key": key, "model": model, "kind": "completions"}
    return [
        *spend({"11-12": dollars}, **of, line_item=f"{model}, output"),
        *used(Additive.REQUESTS, {"11-12": requests}, **of),
        *used(Additive.OUTPUT_TOKENS, {"11-12": requests * 500}, **of),
        *used(Additive.INPUT_TOKENS, {"11-12": requests * 1_000}, **of),
    ]


def test_a_model_and_a_key_behind_a_projects_change_are_told_with_it() -> None:
    assert told(busy().ledger) == [("project", "Search", "167% more requests, key worker")]


def test_a_model_that_moved_in_many_projects_is_told_by_itself() -> None:
    names = [f"proj_{n}" for n in range(40)]
    before = [e for p in names for e in _small(p, 1.0)]
    more = [e for p in names for e in spend({"11-19": 0.5}, project=p, model="gpt-5")]
    assert [one[:2] for one in told(ledger(before, more))] == [("model", "gpt-5")]


def _small(project: str, dollars: float) -> list[Entry]:
    days = {entry.day.isoformat(): dollars for entry in bill() if entry.of["project"] == "proj_a"}
    return spend(days, project=project, model="gpt-5")


def test_a_week_is_split_against_the_week_before() -> None:
    last_week = period_of(on("11-12"), Unit.WEEK)
    found = told(book(of_key("key_a", "gpt-5", 90, 1_890)), last_week)
    assert found == [("project", "Search", "30% more requests, key worker")]


def test_without_usage_the_key_alone_is_the_reason() -> None:
    extra = spend({"11-19": 95}, project="proj_a", api_key="key_x", line_item="web search")
    assert told(book(extra))[0] == ("project", "Search", "web search, key key_x")
