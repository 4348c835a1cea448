"""Up to five new alerts speak for themselves; more become one message per severity."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.decide import Verdict, after
from bot.alerts.model import Finding, Measure, Reason, Severity
from bot.alerts.storm import SINGLES, Group, groups
from bot.spend.money import from_dollars
from tests.build import NOW, finding, project

WARNING, CRITICAL, INFO = Severity.WARNING, Severity.CRITICAL, Severity.INFO


def new(name: str, usd: float = 20, severity: Severity = WARNING, held: bool = False) -> Verdict:
    observed, limit = from_dollars(usd), from_dollars(10)
    one = finding(project(name), observed=observed, limit=limit, severity=severity)
    before = after(Verdict(one, None, Reason.SNOOZED), NOW) if held else None
    return Verdict(one, before, Reason.FIRST, f"{one.key}#first")


def shape(some: list[Group]) -> list[tuple[str, Severity | None, int]]:
    return [(group.channel, group.severity, len(group.verdicts)) for group in some]


def test_five_new_alerts_are_messages_of_their_own_worst_first() -> None:
    some = [("#a", new(str(n), 20 + n)) for n in range(5)]
    made = groups(some)
    assert [group.is_single for group in made] == [True] * 5
    assert [g.verdicts[0].finding.subject.ids for g in made] == [(str(n),) for n in (4, 3, 2, 1, 0)]


def test_six_become_one_message_per_severity_of_their_channel_worst_first() -> None:
    some = [("#a", new(str(n), severity=WARNING)) for n in range(5)]
    some += [("#a", new(f"c{n}", severity=CRITICAL)) for n in range(2)]
    some += [("#a", new("i", severity=INFO)), ("#b", new("b"))]
    assert shape(groups(some)) == [
        ("#a", CRITICAL, 2),
        ("#a", WARNING, 5),
        ("#a", INFO, 1),
        ("#b", WARNING, 1),
    ]


def test_what_quiet_hours_held_back_is_one_message_per_channel() -> None:
    some = [("#a", new("x", severity=CRITICAL, held=True)), ("#a", new("y", held=True))]
    some += [("#a", new("z")), ("#b", new("w", held=True))]
    assert shape(groups(some)) == [("#a", None, 2), ("#a", WARNING, 1), ("#b", None, 1)]


def test_the_key_of_an_overview_names_channel_severity_and_run() -> None:
    storm = Group("#a", CRITICAL, ())
    assert storm.key(NOW) == "storm/#a/critical/2026-11-20T09:00:00Z"
    assert replace(storm, severity=None).key(NOW) == "quiet/#a/2026-11-20T09:00:00Z"


def counted(name: str) -> Finding:
    return finding(project(name), observed=10**9, limit=1, measure=Measure.REQUESTS)


VERDICTS = st.builds(
    new,
    st.text("abc", min_size=1, max_size=3),
    st.integers(11, 14),
    st.sampled_from(Severity),
    st.booleans(),
)


@given(st.lists(VERDICTS, max_size=30, unique_by=lambda one: one.key), st.randoms())
def test_the_order_is_total_and_every_alert_is_told_by_one_message(
    some: list[Verdict], random: object
) -> None:
    made = groups(("#a", one) for one in some)
    shuffled = list(some)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert groups(("#a", one) for one in shuffled) == made
    assert sorted(v.key for g in made for v in g.verdicts) == sorted(v.key for v in some)
    assert len(made) <= SINGLES + 1


def test_money_goes_before_counts() -> None:
    requests = Verdict(counted("r"), None, Reason.FIRST, "r")
    first, _ = groups([("#a", requests), ("#a", new("m"))])
    assert first.verdicts[0].finding.subject.ids == ("m",)
