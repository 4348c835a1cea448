"""What the store knows of an alert: its state, and the messages that told of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.context import App
from bot.messages.model import Action
from bot.store.alerts import AlertBook
from bot.store.instants import from_text, to_text
from bot.store.schema import outbox


def alert_state(app: App, key: str) -> dict[str, Any] | None:
    """The alert as remembered, and its messages oldest first; None if it was never told."""
    alert = AlertBook(app.database).one(key)
    if alert is None or alert.told_at is None:
        return None
    until = alert.snoozed_until if alert.is_snoozed(app.now) else None
    with app.database.reading() as connection:
        sent = connection.execute(
            sa.select(outbox)
            .where(outbox.c.alert_key == key, outbox.c.action != Action.UPDATE.value)
            .order_by(outbox.c.created_at, outbox.c.key)
        ).all()
    return {
        "state": alert.state(app.now).value,
        "first_told": to_text(alert.first_at),
        "updated": to_text(alert.told_at),
        "step": alert.top_step,
        "snoozed_until": to_text(until) if until else None,
        "acknowledged_by": alert.acked_by,
        "messages": [
            {
                "key": one.key,
                "tells": one.key.rpartition("#")[2],
                "state": one.state,
                "channel": one.channel,
                "decided": one.created_at,
                "sent": one.sent_at,
            }
            for one in sent
        ],
    }


def state_lines(alert: dict[str, Any] | None) -> list[str]:
    """The same in words."""
    if alert is None:
        return ["Alert: never told."]
    step = f", highest step told {alert['step']:g}%" if alert["step"] is not None else ""
    lines = [f"Alert: {alert['state']}, first told {_when(alert['first_told'])}{step}."]
    if alert["snoozed_until"]:
        lines.append(f"  snoozed until {_when(alert['snoozed_until'])}")
    if alert["acknowledged_by"]:
        lines.append(f"  acknowledged by {alert['acknowledged_by']}")
    for one in alert["messages"]:
        sent = f"sent {_when(one['sent'])}" if one["sent"] else f"{one['state']}, not sent yet"
        lines.append(f"  {one['tells']}: {sent} to {one['channel']}")
    return lines


def _when(text: str) -> str:
    """`Fri 20 Nov 2026 09:00 UTC`."""
    instant = from_text(text)
    return f"{instant:%a} {instant.day} {instant:%b %Y %H:%M} UTC"
