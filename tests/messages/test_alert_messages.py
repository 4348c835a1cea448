"""What people read of an alert: its place, its thread, and a storm of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO

from rich.console import Console

from bot.alerts.decide import Circumstances, Verdict, after, verdict
from bot.alerts.life import Alert
from bot.alerts.model import Finding, Reason, Severity
from bot.alerts.standing import Standing
from bot.alerts.storm import Group
from bot.messages.blockkit import BLOCKS, WHOLE_TEXT, blocks, fallback_text
from bot.messages.compose_alert import Address, compose_alert, compose_place
from bot.messages.compose_reply import compose_news, compose_resolved, resolved_words
from bot.messages.compose_storm import compose_members, compose_overview
from bot.messages.model import Action, Message
from bot.messages.placeholders import called
from bot.messages.slack_text import weight
from bot.messages.text import render
from bot.spend.money import from_dollars
from tests.build import NOW, TODAY, finding, project
from tests.fakes.blockkit import problems
from tests.snapshots import matches

TO = Address("#llm-costs", "@search-oncall", NOW)
LATER = NOW + timedelta(hours=4)


def search(usd: float = 131.2, step: float | None = 100, **other: object) -> Finding:
    return finding(
        project(),
        rule="project caps",
        observed=from_dollars(usd),
        limit=from_dollars(120),
        step=step,
        headline=f"search is over its daily cap of Thu 19 Nov: ${usd:,.2f} of $120.00",
        why=f"search spent ${usd:,.2f} on Thu 19 Nov 2026, its daily cap is $120.00.",
        facts=(("Spent", f"${usd:,.2f}"), ("Cap", "$120.00 (daily)")),
        **other,  # type: ignore[arg-type]
    )


def first(one: Finding) -> Verdict:
    return verdict(one, None, Circumstances(NOW, TODAY, steps=(50, 80, 100)))


def told(one: Finding | None = None) -> Alert:
    found = first(one or search())
    alert = after(found, NOW)
    assert alert is not None
    return replace(alert, place=found.key, channel="#llm-costs")


def news(reason: Reason, one: Finding, alert: Alert, key: str = "k") -> Message:
    return compose_news(Verdict(one, alert, reason, key), alert, TO)


def shown(messages: list[Message]) -> str:
    console = Console(width=80, file=StringIO(), highlight=False)
    for message in messages:
        assert problems(called(blocks(message), {})) == []
        render(message, console)
        console.print()
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_place_of_an_alert_reads_as_written() -> None:
    alert = replace(told(), acked_at=NOW, acked_by="ann", snoozed_until=LATER, updates=1)
    over = replace(alert, snoozed_until=None, resolved_at=LATER)
    resolved = replace(search(), why=resolved_words(search(), from_dollars(70)))
    matches(
        shown(
            [
                compose_alert(first(search()), TO),
                compose_place(alert, search(140), NOW),
                compose_place(replace(over, standing=Standing.RESOLVED), resolved, LATER),
                compose_place(
                    replace(over, standing=Standing.CLOSED, acked_at=None),
                    search(140),
                    LATER,
                    "its period is over and settled.",
                ),
            ]
        ),
        "alert-place.txt",
        __file__,
    )


def test_the_thread_of_an_alert_reads_as_written() -> None:
    alert = told(search(step=50))
    snoozed = replace(alert, snoozed_until=NOW)
    critical = search(150, severity=Severity.CRITICAL)
    jump = verdict(search(150), alert, Circumstances(LATER, TODAY, steps=(50, 80, 100)))
    resolved = replace(search(70), why=resolved_words(search(), from_dollars(70)))
    matches(
        shown(
            [
                compose_news(jump, alert, TO),
                news(Reason.STEP, search(step=None), alert, "k#forecast-100"),
                news(Reason.WORSE, critical, alert),
                news(Reason.WORSE, search(150, step=None), alert),
                news(Reason.REPEAT, search(), alert),
                news(Reason.REPEAT, search(), snoozed),
                news(Reason.RESTATED, search(90, step=50), alert),
                compose_resolved(resolved, "k#resolved", alert, TO),
            ]
        ),
        "alert-thread.txt",
        __file__,
    )


def test_only_what_became_critical_is_shown_in_the_channel_too() -> None:
    critical = search(150, severity=Severity.CRITICAL)
    assert news(Reason.WORSE, critical, told()).broadcast
    assert not news(Reason.STEP, search(), told(search(step=50))).broadcast


def test_what_cannot_be_put_in_a_number_now_says_until_when_it_held() -> None:
    assert resolved_words(search(), None) == (
        "search: rule “project caps” finds nothing any more. It held until Thu 19 Nov."
    )


def group(size: int, severity: Severity | None = Severity.WARNING) -> Group:
    some = [replace(search(200 - n % 50), subject=project(f"p{n}", f"p{n}")) for n in range(size)]
    return Group("#llm-costs", severity, tuple(first(one) for one in some))


def test_a_storm_reads_as_written() -> None:
    storm = group(12)
    mentions = {one.finding.key: "@search-oncall" for one in storm.verdicts[:3]}
    overview = compose_overview(storm, TO, mentions)
    quiet = compose_overview(group(2, None), TO, {})
    matches(shown([overview, quiet]), "storm.txt", __file__)


def test_a_storm_of_a_thousand_stays_within_the_limits_and_names_every_alert() -> None:
    storm = group(1_000)
    mentions = {v.finding.key: f"@team-{n % 40}" for n, v in enumerate(storm.verdicts)}
    overview = compose_overview(storm, TO, mentions)
    made = called(blocks(overview), {})
    assert problems(made) == []
    assert len(made) <= BLOCKS
    assert weight(made) <= WHOLE_TEXT
    assert len(fallback_text(overview)) < 4_000
    members = compose_members(storm, TO, mentions)
    assert [one.key for one in members] == list(overview.also_keys)
    assert {(one.action, one.parent) for one in members} == {(Action.REPLY, overview.key)}
    assert len(set(overview.also_keys)) == 1_000


def test_who_is_called_by_a_storm_is_called_once() -> None:
    storm = group(1_000)
    mentions = {v.finding.key: f"@team-{n % 40}" for n, v in enumerate(storm.verdicts)}
    people = [
        str(blocks(m)).count("budget_bot_mention") for m in compose_members(storm, TO, mentions)
    ]
    overview = str(blocks(compose_overview(storm, TO, mentions)))
    assert overview.count("budget_bot_mention") == 10
    assert sum(people) == 1_000 - 10 * 25  # the other 30 teams, in their alerts' own replies
