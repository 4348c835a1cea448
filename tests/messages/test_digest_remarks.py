"""What is no alert is a line of the daily digest, of its own day and no other digest."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from bot.alerts.model import Remark
from bot.messages.blockkit import blocks
from bot.messages.compose_digest import compose_digest
from bot.messages.digest import Digest
from bot.spend.calendar import Unit, period_of
from tests.build import NOW, YESTERDAY, daily, ledger, on, project

TEXT = "search × new was $170.00 above its usual: traffic moved between models."


def said(unit: Unit, *remarks: Remark) -> str:
    digest = Digest(
        unit=unit,
        now=NOW,
        zone=ZoneInfo("UTC"),
        channel="#c",
        ledger=ledger(daily([10] * 30, project="proj_a")),
        budgets=(),
        findings=(),
        skipped=(),
        trouble=(),
        remarks=remarks,
    )
    return str(blocks(compose_digest(digest)))


def of(day: str, rule: str = "pairs") -> Remark:
    return Remark(rule, project(), period_of(on(day), Unit.DAY), TEXT)


def test_a_remark_of_the_day_is_said_once() -> None:
    assert said(Unit.DAY, of("11-19"), of("11-19", "models")).count("traffic moved") == 1


def test_a_remark_of_another_day_or_in_a_weekly_digest_is_not_said() -> None:
    assert "traffic moved" not in said(Unit.DAY, of("11-18"))
    assert "traffic moved" not in said(Unit.WEEK, of(str(YESTERDAY)))
