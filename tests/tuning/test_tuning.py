"""Thresholds for a target: the mildest values at which the whole book keeps to it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.model import Finding
from bot.kinds import Cap, Rule
from bot.spend.currency import USD, currency
from bot.spend.money import from_dollars
from bot.tuning import parse_target, plan
from bot.tuning.ladders import ladders, round_up, variant
from bot.tuning.plan import fair_shares
from tests.build import finding, project, rule


@pytest.mark.parametrize(
    ("text", "days", "allowed"),
    [
        ("2 per week", 14, 4),
        ("2 a week", 13, 3),
        ("1 per day", 30, 30),
        ("5/month", 365, 60),
        ("0.5 per Week", 28, 2),
    ],
)
def test_a_target_is_a_number_in_a_time(text: str, days: int, allowed: int) -> None:
    assert parse_target(text).allowed(days) == allowed


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 50), max_size=8), st.integers(0, 200))
def test_shares_use_what_is_allowed_and_no_more(counts: dict[str, int], allowed: int) -> None:
    shares = fair_shares(counts, allowed)
    assert sum(shares.values()) == min(allowed, sum(counts.values()))
    cut = [shares[name] for name in counts if shares[name] < counts[name]]
    assert all(shares[name] <= min(cut) + 1 for name in counts if cut)


def test_what_quiet_rules_leave_goes_to_the_loud_ones() -> None:
    assert fair_shares({"quiet": 1, "loud": 30, "louder": 40}, 10) == {
        "quiet": 1,
        "loud": 4,
        "louder": 5,
    }


@given(st.decimals(Decimal("0.001"), Decimal(10_000_000), places=3))
def test_a_rounded_value_is_no_lower_and_has_two_digits(value: Decimal) -> None:
    up = round_up(value)
    assert value <= up < value * Decimal("1.11")
    assert len(up.normalize().as_tuple().digits) <= 2


def alerts_above(values: Sequence[float], rules: Sequence[Rule]) -> list[Finding]:
    """One alert for each value above a cap's limit."""
    found = []
    for one in rules:
        assert isinstance(one, Cap)
        limit = one.limit_of(("proj_a",), ["search"]) or 0
        over = [value for value in values if from_dollars(value) > limit]
        found += [finding(project(), rule=one.name) for _ in over]
    return found


def test_the_mildest_limit_that_keeps_to_the_target_is_found() -> None:
    values = [10.0 * n for n in range(1, 21)]
    one = rule("cap", per="project", limit_usd={"search*": 50, "default": 7})
    told = alerts_above(values, [one])
    found = plan([one], told, parse_target("1 per week"), 28,
                 lambda rules: alerts_above(values, rules), USD)  # fmt: skip
    assert (found.before, found.allowed, found.after, found.reached) == (15, 4, 4, True)
    ((option, old, new),) = found.proposals[0].changes
    assert (option, old["search*"], new["default"]) == ("limit_usd", 50, 7)
    assert Decimal(160) <= new["search*"] <= Decimal(170)


def test_what_no_value_helps_is_said_and_left_as_it_is() -> None:
    one = rule("new", per="project", metric="requests")
    told = [finding(project(), rule=one.name) for _ in range(5)]
    found = plan([one], told, parse_target("1 per week"), 7, lambda _rules: told, USD)
    assert found.reached is False
    assert found.proposals[0].changes == ()
    assert found.proposals[0].variant == one


def test_with_all_changes_together_the_book_keeps_to_the_target() -> None:
    """A second rule speaks once the first one, which silenced it, is quiet."""
    first, second = rule("cap", name="a", limit_usd=10), rule("cap", name="b", limit_usd=10)

    def replay(rules: Sequence[Rule]) -> list[Finding]:
        alone = {one.name: len(alerts_above([20.0 * n for n in range(12)], [one])) for one in rules}
        heard = {name: max(0, count - alone.get("a", 0)) for name, count in alone.items()}
        counts = heard | {"a": alone["a"]} if "a" in alone else alone
        return [finding(rule=name) for name, n in counts.items() for _ in range(n)]

    found = plan(
        [first, second], replay([first, second]), parse_target("3 per week"), 7, replay, USD
    )
    assert found.after <= 3


@pytest.mark.parametrize(
    ("one", "options"),
    [
        (rule("spike", sensitivity="high"), ["sensitivity", "min_usd"]),
        (rule("drop"), ["min_usd", "below"]),
        (rule("drop", metric="requests"), ["below"]),
        (rule("drift"), ["ratio"]),
        (rule("new", per="project"), ["min_usd"]),
        (rule("cap", metric="requests", limit=10), ["limit"]),
    ],
)
def test_each_kind_has_its_options(one: Rule, options: list[str]) -> None:
    told = [finding(rule=one.name)]
    assert [next(iter(ladder[0])) for ladder in ladders(one, told, USD)] == options


@pytest.mark.parametrize("kind", ["spike", "drop", "drift", "new"])
def test_what_is_proposed_for_a_bill_in_euros_is_judged_for_it(kind: str) -> None:
    """A `min_usd` of 0 is nothing in any currency; a larger one would silence the rule whole."""
    euros = currency("EUR")
    one = rule(kind, per="project", min_usd=0)
    assert one.fits(euros)
    found = plan(
        [one],
        [finding(project(), rule=one.name)],
        parse_target("1 per month"),
        7,
        lambda rules: [finding(project(), rule=o.name) for o in rules if not o.min_amount],
        euros,
    )
    (proposal,) = found.proposals
    assert proposal.variant.fits(euros)
    assert "min_usd" not in [option for option, _, _ in proposal.changes]
    for ladder in ladders(one, [], euros):
        assert all(variant(one, options).fits(euros) for options in ladder)
