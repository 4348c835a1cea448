"""Money that no rule looks at."""

from __future__ import annotations

import pytest

from bot.kinds import Rule
from bot.kinds.coverage import uncovered
from tests.build import YESTERDAY, ledger, rule, spend

ALL = rule("cap", limit_usd=100)
SPIKES = rule("spike", per="project", match={"project": "search*"})
SOME_CAPS = rule("cap", per="project", limit_usd={"search*": 100})
OFF = rule("cap", limit_usd=100, enabled=False)
VOLUME = rule("cap", metric="requests", limit=100)


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ([], {"a": 1, "b": 2, None: 4}),
        ([ALL], {}),
        ([OFF, VOLUME], {"a": 1, "b": 2, None: 4}),
        ([SPIKES], {"b": 2, None: 4}),
        ([SOME_CAPS], {"b": 2, None: 4}),
        ([SOME_CAPS, ALL], {}),
        ([rule("cap", match={"line_item": "!b"}, limit_usd=1)], {"b": 2}),
    ],
)
def test_a_line_item_is_covered_by_a_rule_that_looks_at_it(
    rules: list[Rule], found: dict[str | None, int]
) -> None:
    book = ledger(
        spend({"11-19": 1}, project="search", line_item="a"),
        spend({"11-19": 2}, project="chat", line_item="b"),
        spend({"11-19": 4}),
    )
    dollars = {k: v // 10**9 for k, v in uncovered(rules, book, (YESTERDAY,)).items()}
    assert dollars == found
