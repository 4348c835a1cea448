"""The days that are held, what waits to be told, and rules that look at nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.alerts.model import Skipped
from bot.config.rulebook import Rulebook
from bot.context import App, open_ledger
from bot.doctor.checkup import Check, Checks, failed, ok, skipped, warning
from bot.kinds import Rule, judging
from bot.spend.calendar import DayState, day_name
from bot.spend.ledger import Ledger
from bot.store.outbox import Outbox
from bot.store.pulses import Pulses
from bot.store.tallies import FAILED, FETCHED

STALE = timedelta(hours=26)
"""As `bot health` has it."""
_MOST_NAMED = 3
_STUCK = timedelta(hours=1)


def data_checks(app: App) -> Checks:
    """How fresh the data is, and whether days are missing."""
    fetched = Pulses(app.database).last(FETCHED)
    trouble = Pulses(app.database).last(FAILED)
    states = open_ledger(app).cost_states
    if fetched is None and all(state is DayState.MISSING for state in states.values()):
        yield skipped("data", "nothing was fetched yet: `bot check` does")
        return
    yield _fresh(app, fetched.at if fetched else None)
    missing = [day for day, state in states.items() if state is DayState.MISSING]
    if missing:
        first = day_name(missing[0])
        says = f"{len(missing)} of {len(states)} days are missing, the first is {first}"
        yield warning("days", says, f"bot fetch --since {missing[0]}")
    else:
        yield ok("days", f"all {len(states)} are held")
    if trouble:
        yield warning("last run", trouble.detail.partition("\n")[0], "bot status")


def _fresh(app: App, at: datetime | None) -> Check:
    if at is None:
        return warning("data", "never read whole", "bot check")
    age = app.now - at
    hours, minutes = age // timedelta(hours=1), age // timedelta(minutes=1)
    says = f"last read whole {f'{minutes} minutes' if hours < 2 else f'{hours} hours'} ago"
    return warning("data", says, "run `bot check` hourly") if age > STALE else ok("data", says)


def outbox_check(app: App) -> Check:
    """What waits to be told."""
    waiting = Outbox(app.database).waiting()
    if not waiting:
        return ok("outbox", "empty")
    oldest = min(entry.created_at for entry in waiting)
    why = next((entry.error for entry in waiting if entry.error), None)
    says = f"{len(waiting)} wait{'s' if len(waiting) == 1 else ''}"
    reason = f": {why.partition(chr(10))[0]}" if why else ""
    make = failed if why and app.now - oldest > _STUCK else warning
    return make("outbox", says + reason, "`bot status` shows them; the next run sends them")


def rule_checks(app: App, rulebook: Rulebook) -> Checks:
    """Rules that can find nothing, or could not be judged just now."""
    enabled, off = rulebook.enabled, len(rulebook.rules) - len(rulebook.enabled)
    more = f", {off} off" if off else ""
    if not enabled:
        yield failed("rules", f"none is on{more}", "see docs/rules.md for a first one")
        return
    files = len(rulebook.files)
    yield ok("rules", f"{len(enabled)} in {files} file{'' if files == 1 else 's'}{more}")
    ledger = open_ledger(app)
    if not any(state is not DayState.MISSING for state in ledger.cost_states.values()):
        yield skipped("rules judged", "no day is held yet")
        return
    empty = [rule for rule in enabled if _finds_nothing(rule, ledger)]
    yield from map(_without_subjects, empty)
    yield from _unjudged(app, ledger, {rule.name for rule in empty})


def _finds_nothing(rule: Rule, ledger: Ledger) -> bool:
    has_subjects = rule.match or rule.per != ("organization",)
    return bool(has_subjects) and not list(rule.amounts(ledger).ids)


def _without_subjects(rule: Rule) -> Check:
    says = "matches nothing in the days that are held"
    way_out = "compare its `match` with the names `bot export costs` shows"
    return warning(f"rule {rule.name}", says, way_out)


def _unjudged(app: App, ledger: Ledger, empty: set[str]) -> Iterator[Check]:
    rules = app.configuration.rulebook.enabled
    reasons: dict[str, list[Skipped]] = defaultdict(list)
    for one in dict.fromkeys(judging.judge(rules, ledger, list(app.window))):
        if isinstance(one, Skipped):
            reasons[one.rule].append(one)
    for rule, several in reasons.items():
        if rule not in empty:
            yield _why_unjudged(rule, several)
    if not reasons and not empty:
        yield ok("rules judged", "every one finds something to judge")


def _why_unjudged(rule: str, several: Sequence[Skipped]) -> Check:
    named = ", ".join(dict.fromkeys(str(one.subject) for one in several[:_MOST_NAMED]))
    rest = f" and {len(several) - _MOST_NAMED} more" if len(several) > _MOST_NAMED else ""
    says = f"could not be judged for {named}{rest}: {several[0].why}"
    return warning(f"rule {rule}", says)
