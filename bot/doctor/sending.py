"""A test message with a chart to the default channel: the whole way that an alert takes."""

from __future__ import annotations

from datetime import datetime

from bot.config.settings import SlackSettings
from bot.delivery.base import Notifier, Outgoing, Receipt
from bot.delivery.slack import SlackNotifier
from bot.delivery.webhook import WebhookNotifier
from bot.doctor.checkup import Check, Checks, failed, ok, skipped, told, warning
from bot.errors import DeliveryError
from bot.messages.blockkit import blocks, fallback_text
from bot.messages.compose_test import compose_test
from bot.messages.placeholders import placeholders

NAME = "test message"


def sending_checks(slack: SlackSettings, now: datetime) -> Checks:
    """Posts the message once, then looks it up as after a lost answer."""
    notifier = _notifier(slack)
    if notifier is None:
        yield skipped(NAME, "not sent: there is neither a bot token nor a webhook")
        return
    outgoing = notifier.prepare(_outgoing(now, slack.channel))
    try:
        receipt = notifier.post(outgoing)
    except DeliveryError as error:
        yield told(NAME, error)
        return
    yield _posted(slack, outgoing, receipt)
    yield _found(notifier, outgoing, receipt, now)


def _notifier(slack: SlackSettings) -> Notifier | None:
    if token := slack.bot_token.get_secret_value():
        return SlackNotifier(token, slack.base_url, proxy=slack.proxy)
    if url := slack.webhook_url.get_secret_value():
        return WebhookNotifier(url, proxy=slack.proxy)
    return None


def _outgoing(now: datetime, channel: str) -> Outgoing:
    message = compose_test(now, channel)
    stand_ins = placeholders(chart.name for chart in message.charts)
    return Outgoing(
        key=message.key,
        type=message.type,
        channel=channel,
        text=fallback_text(message),
        blocks=blocks(message, stand_ins),
        charts=message.charts,
    )


def _posted(slack: SlackSettings, outgoing: Outgoing, receipt: Receipt) -> Check:
    where = slack.channel if slack.bot_token.get_secret_value() else "the webhook's channel"
    notes = (*outgoing.notes, *receipt.notes)
    if notes:
        way_out = "give the bot files:write, and see whether Slack shows pictures there"
        return warning(NAME, f"posted in {where}, but {'; '.join(notes)}", way_out)
    return ok(NAME, f"posted with its chart in {where}")


def _found(notifier: Notifier, outgoing: Outgoing, receipt: Receipt, now: datetime) -> Check:
    name = "looking it up"
    try:
        found = notifier.find(outgoing, now)
    except DeliveryError as error:
        return told(name, error)
    if isinstance(found, Receipt) and found.ts == receipt.ts:
        return ok(name, "found: after a lost answer nothing is told twice")
    if isinstance(found, Receipt) or found is None:
        return failed(name, "Slack shows it not, or without its key", "see docs/slack-app.md")
    lost = "after a lost answer an alert comes again, marked, and a digest does not"
    return warning(name, f"{found.why}; {lost}", "see docs/slack-app.md")
