"""An alert's key says rule, subject and period, and nothing that may change."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.alerts.model import (
    ORGANIZATION,
    PER_MILLION_TOKENS,
    PER_REQUEST,
    Dimension,
    Measure,
    Reason,
    Severity,
    Subject,
    alert_key,
    rule_slug,
)
from bot.spend.calendar import Unit, period_of
from bot.spend.currency import USD
from tests.build import YESTERDAY, finding, on, pair, project

DAY = period_of(YESTERDAY, Unit.DAY)
IDS = st.none() | st.text(st.characters() | st.sampled_from("*+/=%#() ×"), max_size=8)
SUBJECTS = st.one_of(
    st.just(ORGANIZATION),
    st.builds(
        lambda dimension, member: Subject((dimension,), (member,), ("x",)),
        st.sampled_from([d for d in Dimension if d is not Dimension.ORGANIZATION]),
        IDS,
    ),
    st.builds(
        lambda a, b: Subject((Dimension.PROJECT, Dimension.MODEL), (a, b), ("x", "y")), IDS, IDS
    ),
)


@pytest.mark.parametrize(
    ("subject", "unit", "key"),
    [
        (ORGANIZATION, Unit.DAY, "daily-cap/organization/day:2026-11-19"),
        (ORGANIZATION, Unit.MONTH, "daily-cap/organization/month:2026-11-01"),
        (project("proj_a"), Unit.WEEK, "daily-cap/project=proj_a/week:2026-11-16"),
        (project(None), Unit.DAY, "daily-cap/project=(none)/day:2026-11-19"),
        (project("(none)"), Unit.DAY, "daily-cap/project=%28none%29/day:2026-11-19"),
        (project(""), Unit.DAY, "daily-cap/project=/day:2026-11-19"),
        (
            pair(("line_item", "gpt-5, cached input")),
            Unit.DAY,
            "daily-cap/line_item=gpt-5%2C+cached+input/day:2026-11-19",
        ),
        (
            pair(("project", "a*b"), ("model", None)),
            Unit.DAY,
            "daily-cap/project*model=a%2Ab*(none)/day:2026-11-19",
        ),
        (project("a/b#c+d\n"), Unit.DAY, "daily-cap/project=a%2Fb%23c%2Bd%0A/day:2026-11-19"),
        (project("\ud800"), Unit.DAY, "daily-cap/project=%ED%A0%80/day:2026-11-19"),
    ],
)
def test_a_key_is_written_like_this(subject: Subject, unit: Unit, key: str) -> None:
    assert finding(subject, unit=unit).key == key


def test_keys_depend_on_neither_names_nor_amounts() -> None:
    same = [
        finding(project("a", "search")),
        finding(project("a", "renamed")),
        finding(project("a"), step=80, observed=99, limit=4, severity=Severity.CRITICAL),
        finding(project("a"), why="other", headline="words", provisional=True, kind="spike"),
    ]
    assert len({one.key for one in same}) == 1


@given(SUBJECTS, SUBJECTS)
def test_two_subjects_never_share_a_key(one: Subject, other: Subject) -> None:
    assume((one.dimensions, one.ids) != (other.dimensions, other.ids))
    assert alert_key("r", one, DAY) != alert_key("r", other, DAY)


@given(SUBJECTS)
def test_a_key_is_one_printable_word(subject: Subject) -> None:
    key = alert_key("daily cap", subject, DAY)
    assert key.isascii()
    assert key.isprintable()
    assert " " not in key
    assert "#" not in key  # what a message tells follows one


def test_periods_that_begin_together_have_keys_of_their_own() -> None:
    june = on("06-01")  # a Monday
    units = [period_of(june, unit) for unit in (Unit.DAY, Unit.WEEK, Unit.MONTH)]
    for one, other in combinations(units, 2):
        assert alert_key("r", ORGANIZATION, one) != alert_key("r", ORGANIZATION, other)


def test_ids_of_any_length_are_told_apart_in_a_key_that_an_index_holds() -> None:
    long = "検" * 600
    subjects = [
        Subject((Dimension.PROJECT, Dimension.LINE_ITEM), ids, ids)
        for ids in ((long, long), (long, f"{long[:-1]}x"), (f"x{long[1:]}", long), ("x" * 500, "x"))
    ]
    keys = {alert_key("規" * 100, subject, DAY) for subject in subjects}
    assert len(keys) == 4
    assert max(map(len, keys)) < 2_100
    assert f"project*line_item={'x' * 500}*x/" in "".join(keys)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("organisation daily cap", "organisation-daily-cap"), (" a ", "a"), ("a/b: c", "a%2Fb%3A-c"),
     ("Größe", "Gr%C3%B6%C3%9Fe"), ("\ud800", "%ED%A0%80")],
)  # fmt: skip
def test_a_rules_name_in_a_key(name: str, slug: str) -> None:
    assert rule_slug(name) == slug


def test_a_pair_goes_by_both_names() -> None:
    both = pair(("project", "a"), ("model", "gpt-5"), names=("search", "gpt-5"))
    assert both.name == both.title == "search × gpt-5"


def test_only_the_organisation_begins_a_sentence_in_capitals() -> None:
    assert ORGANIZATION.name == "the organisation"
    assert ORGANIZATION.title == "The organisation"
    assert project("a", "the organisation").title == "the organisation"


def test_severities_rank_from_info_to_critical() -> None:
    assert sorted(["critical", "info", "warning"], key=lambda s: Severity(s).rank) == [
        "info",
        "warning",
        "critical",
    ]


@pytest.mark.parametrize("reason", Reason)
def test_three_reasons_are_silent(reason: Reason) -> None:
    assert reason.speaks is (reason.value not in ("told", "snoozed", "inhibited"))


def test_money_is_what_counts_in_dollars() -> None:
    money = [Measure.money(USD, per) for per in ("", PER_REQUEST, PER_MILLION_TOKENS)]
    assert [m.value for m in money if m.is_money] == [
        "usd",
        "usd_per_request",
        "usd_per_million_tokens",
    ]
    assert not any(m.is_money for m in (Measure.REQUESTS, Measure.TOKENS, Measure.RATIO))
