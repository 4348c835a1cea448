"""What the store knows of an alert: its state, and the messages that told of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.app import App
from bot.store.instants import from_text
from bot.store.schema import alerts, outbox


def alert_state(app: App, key: str) -> dict[str, Any] | None:
    """The alert as remembered, and its messages oldest first; None if it was never told."""
    with app.database.reading() as connection:
        row = connection.execute(sa.select(alerts).where(alerts.c.key == key)).first()
        sent = connection.execute(
            sa.select(outbox)
            .where(outbox.c.alert_key == key)
            .order_by(outbox.c.created_at, outbox.c.key)
        ).all()
    if row is None:
        return None
    return {
        "state": row.state,
        "first_told": row.first_at,
        "updated": row.updated_at,
        "step": row.step,
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
    for one in alert["messages"]:
        sent = f"sent {_when(one['sent'])}" if one["sent"] else f"{one['state']}, not sent yet"
        lines.append(f"  {one['tells']}: {sent} to {one['channel']}")
    return lines


def _when(text: str) -> str:
    """`Fri 20 Nov 2026 09:00 UTC`."""
    instant = from_text(text)
    return f"{instant:%a} {instant.day} {instant:%b %Y %H:%M} UTC"
