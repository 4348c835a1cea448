"""Who is meant by `@search-oncall` or an address: the id that Slack needs to call somebody.

Ids, `@here` and the like are known when a message is composed; only handles, names and addresses
come here. What is found becomes a user or a group, never a call to a whole channel. Who cannot be
found is written as a word, with a note for the operator: nobody holds a message back.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import NamedTuple, Protocol

from bot.delivery.base import Json
from bot.delivery.shapes import an_object
from bot.delivery.slack_errors import SlackRefusedError
from bot.errors import DeliveryError

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_USER = re.compile(r"[UW][A-Z0-9]{2,30}")
_GROUP = re.compile(r"S[A-Z0-9]{2,30}")
_MOST_PEOPLE = 50_000
_ABSENT = {"users_not_found", "user_not_found"}


class Directory(Protocol):
    """The calls that find people. All raise DeliveryError."""

    def users(self) -> Iterator[Json]: ...
    def groups(self) -> Iterator[Json]: ...
    def user_by_email(self, address: str) -> Json: ...


class KnownNames(Protocol):
    """What is remembered of people found before: name -> Slack id."""

    def fresh(self, name: str) -> str | None:
        """The id found lately."""

    def stale(self, name: str) -> str | None:
        """The id found once, however long ago."""

    def remember(self, name: str, slack_id: str) -> None: ...


class Found(NamedTuple):
    """The rich_text element for each name, and why some are only words."""

    elements: Mapping[str, Json]
    notes: tuple[str, ...]


class _Names(NamedTuple):
    """Ids by name in lower case. `trouble` is why there may be more of them."""

    ids: Mapping[str, set[str]]
    trouble: tuple[DeliveryError, ...]


class _NotFoundError(Exception):
    """Who is meant is not known, and why; `for_now` if that may be different next time."""

    def __init__(self, why: str, *, for_now: bool = False) -> None:
        super().__init__(why)
        self.for_now = for_now


class People:
    """Finds people, each once; asked again by the next run if Slack could not tell."""

    def __init__(self, directory: Directory, known: KnownNames | None = None) -> None:
        self._directory = directory
        self._known = known
        self._found: dict[str, str | _NotFoundError] = {}

    def find(self, names: Iterable[str]) -> Found:
        """Everybody in `names`, as written in the configuration. Never raises DeliveryError."""
        elements: dict[str, Json] = {}
        notes = []
        for name in names:
            if name not in self._found:
                self._found[name] = self._id_or_reason(name)
            one = self._found[name]
            if isinstance(one, str):
                elements[name] = _element(one)
            else:
                elements[name] = {"type": "text", "text": _written(name)}
                notes.append(f"{_written(name)} was not called: {one}")
        return Found(elements, tuple(notes))

    def _id_or_reason(self, name: str) -> str | _NotFoundError:
        if self._known and (known := self._known.fresh(name)):
            return known
        try:
            slack_id = self._looked_up(name)
        except _NotFoundError as error:
            old = self._known.stale(name) if self._known and error.for_now else None
            return old or error
        if self._known:
            self._known.remember(name, slack_id)
        return slack_id

    def _looked_up(self, name: str) -> str:
        if _ADDRESS.fullmatch(name):
            return self._by_address(name)
        names = self._names
        ids = names.ids.get(_plain(name), set())
        if len(ids) > 1:
            raise _NotFoundError(f"{len(ids)} people or groups are called so: write the Slack id")
        if ids and all(isinstance(one, SlackRefusedError) for one in names.trouble):
            return next(iter(ids))
        if names.trouble:
            raise _why_not(names.trouble)
        raise _NotFoundError("nobody in Slack is called so")

    def _by_address(self, address: str) -> str:
        try:
            slack_id = str(self._directory.user_by_email(address).get("id", ""))
        except SlackRefusedError as refusal:
            if refusal.code in _ABSENT:
                raise _NotFoundError("nobody in Slack has this address") from None
            raise _why_not((refusal,)) from None
        except DeliveryError as error:
            raise _why_not((error,)) from None
        if not _USER.fullmatch(slack_id):
            raise _NotFoundError("nobody in Slack has this address")
        return slack_id

    @cached_property
    def _names(self) -> _Names:
        """Everybody's names and every group's handle, listed once."""
        ids: dict[str, set[str]] = defaultdict(set)
        trouble = []
        for listing in (self._users, self._groups):
            try:
                for slack_id, names in listing():
                    for name in filter(None, map(_plain, names)):
                        ids[name].add(slack_id)
            except DeliveryError as error:
                trouble.append(error)
        return _Names(ids, tuple(trouble))

    def _users(self) -> Iterator[tuple[str, Sequence[str]]]:
        for user in islice(self._directory.users(), _MOST_PEOPLE):
            slack_id = str(user.get("id", ""))
            if not user.get("deleted") and _USER.fullmatch(slack_id):
                yield slack_id, _names_of(user)

    def _groups(self) -> Iterator[tuple[str, Sequence[str]]]:
        for group in self._directory.groups():
            slack_id = str(group.get("id", ""))
            if not group.get("date_delete") and _GROUP.fullmatch(slack_id):
                yield slack_id, [str(group.get("handle", ""))]


def _names_of(user: Json) -> list[str]:
    profile = an_object(user, "profile")
    real = (user.get("real_name"), profile.get("real_name"), profile.get("real_name_normalized"))
    shown = (profile.get("display_name"), profile.get("display_name_normalized"))
    return [str(name) for name in (user.get("name"), *shown, *real) if name]


def _plain(name: str) -> str:
    return name.strip().removeprefix("@").strip().casefold()


def _written(name: str) -> str:
    return name if "@" in name else f"@{name}"


def _element(slack_id: str) -> Json:
    if _GROUP.fullmatch(slack_id):
        return {"type": "usergroup", "usergroup_id": slack_id}
    return {"type": "user", "user_id": slack_id}


def _why_not(trouble: Sequence[DeliveryError]) -> _NotFoundError:
    """Slack could not say. A scope that is missing is missing next time too."""
    for_now = any(not error.permanent for error in trouble)
    first = next((error for error in trouble if error.permanent is not for_now), trouble[0])
    return _NotFoundError(first.message, for_now=for_now)
