"""Every channel that messages go to: is it there, and is the bot in it?"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from bot.config.load import Configuration
from bot.config.settings import SlackSettings
from bot.delivery.base import Json
from bot.delivery.slack_account import SlackAccount
from bot.delivery.slack_errors import SlackRefusedError
from bot.doctor.checkup import Check, Checks, State, failed, ok, skipped, told, warning
from bot.errors import DeliveryError
from bot.kinds import Rule
from bot.spend.names import clean

LOOKS_FOR_SECONDS = 10.0
"""How long channels are looked up, all together."""

_ID = re.compile(r"[CG][A-Z0-9]{7,}")
_PERSON = re.compile(r"[UWD][A-Z0-9]{7,}")
_SLACK_ID = re.compile(r"[UWS][A-Z0-9]{6,}")
_EVERYBODY = ("here", "channel", "everyone")
_MOST = 20_000
_MISSING_SCOPE = "missing_scope"


@dataclass(frozen=True, slots=True)
class Used:
    """Channels that messages go to, the default one first, and who is called by handle or address.

    `channels`: channel -> the places that name it, in words; `known_ids`: channel -> the id Slack
    last gave for it, empty for none.
    """

    channels: Mapping[str, str]
    mentions: tuple[str, ...] = ()
    known_ids: Mapping[str, str] = field(default_factory=dict)


def used_by(configuration: Configuration, known_ids: Mapping[str, str]) -> Used:
    """All that settings and enabled rules name."""
    slack, rules = configuration.settings.slack, configuration.rulebook.enabled
    people = {one for one in _mentions(slack, rules) if _is_looked_up(one)}
    return Used(_channels(slack, rules), tuple(sorted(people)), known_ids)


def _channels(slack: SlackSettings, rules: Iterable[Rule]) -> dict[str, str]:
    named: dict[str, list[str]] = {slack.channel: ["slack.channel"]}
    for place, route in enumerate(slack.routes):
        named.setdefault(route.channel, []).append(f"slack.routes[{place}]")
    for rule in rules:
        if rule.channel:
            named.setdefault(rule.channel, []).append(f"rule “{clean(rule.name)}”")
    return {channel: _few(places) for channel, places in named.items()}


def _few(places: Sequence[str]) -> str:
    more = len(places) - 3
    return ", ".join(places[:3]) + (f" and {more} more" if more > 0 else "")


def _mentions(slack: SlackSettings, rules: Iterable[Rule]) -> Iterable[str]:
    yield from (route.mention for route in slack.routes if route.mention)
    yield from (rule.mention for rule in rules if rule.mention)


def _is_looked_up(mention: str) -> bool:
    bare = mention.lstrip("@").strip()
    return not _SLACK_ID.fullmatch(bare) and bare not in _EVERYBODY


class Channels:
    """Looks up the channels, for a few seconds in all."""

    def __init__(
        self,
        account: SlackAccount,
        used: Used,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = account
        self._used = used
        self._monotonic = monotonic
        self._until = monotonic() + LOOKS_FOR_SECONDS
        self._listed: dict[str, Json] | None = None
        self._is_whole = False

    def checks(self) -> Checks:
        """One for each channel."""
        why = ""
        for channel in self._used.channels:
            if why:
                yield skipped(f"channel {channel}", why)
                continue
            try:
                yield self._check(channel)
            except DeliveryError as error:
                yield told(f"channel {channel}", error, State.WARNING)
                why = "" if error.permanent else "not asked, as Slack did not answer before"

    def _check(self, channel: str) -> Check:
        name = f"channel {channel}"
        if _PERSON.fullmatch(channel):
            return ok(name, "somebody's direct messages")
        known = channel if _ID.fullmatch(channel) else self._used.known_ids.get(channel, "")
        try:
            found = self._account.channel(known) if known else self._by_name(channel)
        except SlackRefusedError as refusal:
            if refusal.code == _MISSING_SCOPE:
                return skipped(name, f"cannot be looked up: {refusal.message}")
            return told(name, refusal)
        if found is None:
            return self._absent(name, channel)
        if found.get("is_archived"):
            where = self._used.channels[channel]
            return failed(name, "is archived", f"unarchive it, or name another one in {where}")
        return _standing(name, channel, found, self._account.headers.get("x-oauth-scopes", ""))

    def _by_name(self, channel: str) -> Json | None:
        if self._listed is None:
            self._listed = self._all()
        return self._listed.get(channel.removeprefix("#"))

    def _all(self) -> dict[str, Json]:
        """Channels by name; public ones alone where groups:read is missing."""
        try:
            return self._read("public_channel,private_channel")
        except SlackRefusedError as refusal:
            if refusal.code != _MISSING_SCOPE:
                raise
            return self._read("public_channel")

    def _read(self, types: str) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for one in islice(self._account.all_channels(types), _MOST):
            found[str(one.get("name", ""))] = one
            if len(found) % 500 == 0 and self._monotonic() > self._until:
                return found
        self._is_whole = len(found) < _MOST
        return found

    def _absent(self, name: str, channel: str) -> Check:
        if not self._is_whole:
            return skipped(name, "not found in the first thousands of channels: write its id")
        where = self._used.channels[channel]
        way_out = f"correct it in {where}; in a private channel write /invite @<the bot>"
        return failed(name, f"Slack does not know {channel}, or it is private", way_out)


def _standing(name: str, channel: str, found: Json, scopes: str) -> Check:
    kind = "private" if found.get("is_private") else "public"
    if found.get("is_member"):
        return ok(name, f"the bot is in it ({kind})")
    way_out = f"write /invite @<the bot> in {channel}"
    if kind == "public" and "chat:write.public" in scopes.split(","):
        lost = "the bot is not in it: it can post, but neither look anything up nor hear buttons"
        return warning(name, lost, way_out)
    return failed(name, "the bot is not in it", way_out)
