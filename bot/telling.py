"""From what holds to what is said: alerts and outbox change together, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from sqlalchemy.engine import Connection

from bot.alerts.decide import Circumstances, Verdict, after, message_key, verdict
from bot.alerts.ending import Ending, View, end, ended, lasts
from bot.alerts.inhibit import inhibited
from bot.alerts.life import Alert
from bot.alerts.model import Finding, Reason, Skipped
from bot.alerts.storm import Group, groups
from bot.changes import Changes
from bot.config.load import Configuration
from bot.delivery.routes import route
from bot.episodes import recognised
from bot.kinds import Cap, Rule
from bot.logs import bug, harmless
from bot.messages.compose_alert import Address, compose_alert, compose_plain
from bot.messages.compose_reply import compose_news, compose_resolved, resolved_words
from bot.messages.compose_storm import compose_members, compose_overview
from bot.messages.model import Action, Message
from bot.report import Judged
from bot.spend.ledger import Ledger
from bot.spend.metrics import FORMULAS
from bot.store.alerts import AlertBook
from bot.store.database import Database

SHOWN_CHANGE = 0.1
"""An alert's place gets new numbers when they moved by this share of what it shows."""

_ENDS: Mapping[Ending, str] = {
    Ending.OVER: "its period is over and settled.",
    Ending.REMOVED: "its rule was removed, renamed or turned off.",
    Ending.AVERTED: "it is not foreseen any more.",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run judged: the days, what holds, worst first, and what could not be judged."""

    ledger: Ledger
    days: Sequence[date]
    findings: Sequence[Finding]
    skipped: Sequence[Skipped]


@dataclass(frozen=True)
class Teller:
    """Decides, composes and remembers for one run."""

    configuration: Configuration
    database: Database
    now: datetime
    seen: Seen

    def tell(self) -> tuple[list[Judged], list[Message]]:
        """What holds or has just ended, each with its reason; and the messages decided on."""
        with self.database.writing() as connection:
            findings = self._recognised(connection)
            alerts = self._known(connection, findings)
            verdicts = self._verdicts(findings, alerts)
            changes = Changes(self.now, self._interactive)
            self._first(verdicts, changes)
            for one in verdicts:
                if one.reason is not Reason.FIRST:
                    said = f"the news of {one.finding.key} could not be told"
                    with harmless(said), changes.whole():
                        self._further(one, changes)
            judged = [Judged(one.finding, one.reason) for one in verdicts]
            judged += self._endings(findings, alerts, changes)
            return judged, changes.keep(connection, self.database)

    def preview(self) -> list[Judged]:
        """What holds, with the reason a check would give now; nothing is remembered."""
        with self.database.reading() as connection:
            findings = self._recognised(connection)
            verdicts = self._verdicts(findings, self._known(connection, findings))
        return [Judged(one.finding, one.reason) for one in verdicts]

    def _recognised(self, connection: Connection) -> Sequence[Finding]:
        return recognised(
            self.seen.findings, self._rules, self.seen.ledger, AlertBook(self.database), connection
        )

    def _known(self, connection: Connection, findings: Sequence[Finding]) -> dict[str, Alert]:
        book = AlertBook(self.database)
        keys = [finding.key for finding in findings]
        return book.held(connection) | book.known(connection, keys)

    def _verdicts(self, findings: Sequence[Finding], alerts: Mapping[str, Alert]) -> list[Verdict]:
        silenced = inhibited(findings)
        return [
            verdict(one, alert, self._around(one, alert, one.key in silenced))
            for one in findings
            for alert in [alerts.get(one.key)]
        ]

    def _around(self, finding: Finding, alert: Alert | None, is_inhibited: bool) -> Circumstances:
        rule = self._rules[finding.rule]
        is_other = alert is not None and alert.step != finding.step
        return Circumstances(
            now=self.now,
            last_day=self._view.last_day,
            steps=rule.steps if isinstance(rule, Cap) else (),
            repeat_after=rule.repeat_after,
            is_quiet=rule.is_quiet(finding.severity, self._local),
            is_sure=is_other and alert is not None and self._view.is_sure(alert),
            is_inhibited=is_inhibited,
        )

    def _first(self, verdicts: Sequence[Verdict], changes: Changes) -> None:
        """The new alerts, each with a message of its own or in the thread of an overview."""
        new = [one for one in verdicts if one.reason is Reason.FIRST]
        for group in groups((self._address(one.finding).channel, one) for one in new):
            changes.messages += self._composed(group)
            for one in group.verdicts:
                if alert := after(one, self.now):
                    placed = replace(alert, place=one.key, channel=group.channel)
                    changes.alerts.append(replace(placed, finding=one.finding))

    def _messages(self, group: Group) -> list[Message]:
        if group.is_single:
            (one,) = group.verdicts
            return [compose_alert(one, self._address(one.finding))]
        mentions = {
            one.finding.key: who
            for one in group.verdicts
            if (who := self._address(one.finding).mention)
        }
        to = Address(group.channel, None, self.now, self._interactive)
        return [compose_overview(group, to, mentions), *compose_members(group, to, mentions)]

    def _composed(self, group: Group) -> list[Message]:
        """The group's messages; where a bug stops them, one for each with the bare sentence."""
        try:
            return self._messages(group)
        except Exception:  # noqa: BLE001 - a plain alert is better than none, and than no others
            bug(f"the message {group.verdicts[0].key} could not be composed")
            return [compose_plain(one, self._address(one.finding)) for one in group.verdicts]

    def _further(self, one: Verdict, changes: Changes) -> None:
        """An alert known before, or held back: its news as a reply, its place as it is now."""
        alert = after(one, self.now)
        if alert is None:
            return
        if one.reason.speaks and one.alert:
            message = compose_news(one, one.alert, self._address(one.finding, one.alert))
            if one.alert.place is None:  # told before places were remembered
                message = replace(message, action=Action.POST)
                alert = replace(alert, place=message.key, channel=message.channel)
            changes.messages.append(message)
        if alert.told_at and (one.reason.speaks or _looks_other(one.alert, alert, one.finding)):
            alert = changes.shown(alert, one.finding)
        changes.alerts.append(alert)

    def _endings(
        self, findings: Sequence[Finding], alerts: Mapping[str, Alert], changes: Changes
    ) -> Iterator[Judged]:
        holding = {finding.key for finding in findings}
        for alert in alerts.values():
            if alert.is_open and alert.key not in holding:
                said = f"the end of {alert.key} could not be told"
                with harmless(said), changes.whole():
                    yield from list(self._ending(alert, end(alert, self._view), changes))

    def _ending(self, alert: Alert, ending: Ending, changes: Changes) -> Iterator[Judged]:
        if ending is Ending.RESOLVED and self._is_quiet(alert):
            ending = Ending.UNFINISHED  # told when the quiet hours are over
        if ending.goes_on:
            return
        speaks = ending is Ending.RESOLVED and alert.told_at is not None
        speaks = speaks and alert.finding is not None and not alert.is_snoozed(self.now)
        after_all = ended(alert, ending, self.now, is_told=speaks)
        words = _ENDS.get(ending, "")
        if finding := alert.finding:
            if ending is Ending.RESOLVED:
                finding = self._as_resolved(finding, alert)
            if speaks:
                key = message_key(finding, Reason.RESOLVED, alert)
                to = self._address(finding, alert)
                changes.messages.append(compose_resolved(finding, key, alert, to))
                yield Judged(finding, Reason.RESOLVED)
            after_all = changes.shown(after_all, finding, words)
        changes.alerts.append(after_all)

    def _as_resolved(self, finding: Finding, alert: Alert) -> Finding:
        rule = self._rules[finding.rule]
        now_at = None
        if not lasts(alert) and not FORMULAS[rule.metric].is_ratio:
            totals = rule.amounts(self.seen.ledger).totals(finding.period.span)
            now_at = totals.get(finding.subject.ids, 0)
        words = resolved_words(finding, now_at)
        observed = finding.observed if now_at is None else now_at
        return replace(finding, why=words, observed=observed, provisional=False)

    def _is_quiet(self, alert: Alert) -> bool:
        return self._rules[alert.rule].is_quiet(alert.severity, self._local)

    def _address(self, finding: Finding, alert: Alert | None = None) -> Address:
        """Where it goes now; news of an alert that has a place goes there."""
        channel, mention = route(finding, self.configuration.settings.slack)
        where = (alert and alert.channel) or channel
        return Address(where, mention, self.now, self._interactive)

    @property
    def _interactive(self) -> bool:
        return self.configuration.settings.slack.interactive

    @cached_property
    def _rules(self) -> Mapping[str, Rule]:
        return {rule.name: rule for rule in self.configuration.rulebook.enabled}

    @cached_property
    def _view(self) -> View:
        everyone = {name: rule.everyone for name, rule in self._rules.items()}
        return View(self.seen.ledger, self.seen.days, everyone, self.seen.skipped)

    @cached_property
    def _local(self) -> datetime:
        return self.now.astimezone(self.configuration.settings.schedule.zone)


def _looks_other(before: Alert | None, alert: Alert, finding: Finding) -> bool:
    """Whether what its place shows is no longer near enough to what holds."""
    shown = alert.finding
    if before is None or shown is None or before.standing is not alert.standing:
        return True
    if before.snoozed_until != alert.snoozed_until or shown.provisional != finding.provisional:
        return True
    if (shown.step, shown.severity, shown.limit) != (finding.step, finding.severity, finding.limit):
        return True
    return abs(finding.observed - shown.observed) > SHOWN_CHANGE * abs(shown.observed)
