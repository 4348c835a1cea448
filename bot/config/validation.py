"""pydantic's errors as problems in a file: one each, in its place, in words.

    except ValidationError as error:
        problems += from_pydantic(error, document, ("rules", 3), Cap)

Values are taken from the file, never from pydantic, which knows them with the secrets filled in;
and they are quoted only where one of a few words was expected and no name on the way to them
tells of a secret. The text of a validator's ValueError is told as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from bot.config import wording
from bot.config.modelwalk import Trail, follow, keys_of, words_of
from bot.config.places import KeyPath, Place, is_secret
from bot.config.problems import Problem, closest, short
from bot.config.yamlfile import Document
from bot.spend.currency import is_code

_CHOICES = ("literal_error", "enum")


class _Mistake(NamedTuple):
    """One error of pydantic's and its trail. `instead` are the errors of other union members."""

    type: str
    message: str
    context: dict[str, Any]
    trail: Trail
    instead: tuple[_Mistake, ...] = ()

    @property
    def is_of_shape(self) -> bool:
        return self.type in wording.EXPECTED or self.type in _CHOICES


def from_pydantic(
    error: ValidationError, document: Document, prefix: KeyPath, model: type[BaseModel]
) -> list[Problem]:
    """The problems behind a ValidationError of `model`, which was given what is at `prefix`."""
    value = document.value(prefix)
    mistakes = []
    for details in error.errors(include_url=False, include_input=False):
        trail = follow(details["loc"], model, value)
        context = dict(details.get("ctx", {}))
        mistakes.append(_Mistake(details["type"], details["msg"], context, trail))
    told = _Telling(document, prefix)
    return told.problems(_one_per_union(mistakes))


def _one_per_union(mistakes: Iterable[_Mistake], depth: int = 0) -> list[_Mistake]:
    """Of every union only the member that fits best; told once if none has the right shape."""
    kept: list[_Mistake] = []
    unions: dict[KeyPath, dict[str, list[_Mistake]]] = {}
    for mistake in mistakes:
        if len(mistake.trail.forks) <= depth:
            kept.append(mistake)
        else:
            at, member = mistake.trail.forks[depth]
            unions.setdefault(at, {}).setdefault(member, []).append(mistake)
    for at, by_member in unions.items():
        kept += _one_per_union(_best_member(at, list(by_member.values())), depth + 1)
    return kept


def _best_member(at: KeyPath, members: list[list[_Mistake]]) -> list[_Mistake]:
    shaped = [
        errors
        for errors in members
        if not any(error.trail.path == at and error.is_of_shape for error in errors)
    ]
    if shaped:
        return min(shaped, key=_strangeness)
    first, *others = (error for errors in members for error in errors if error.trail.path == at)
    return [first._replace(instead=tuple(others))]


def _strangeness(errors: list[_Mistake]) -> tuple[int, int]:
    """How little a mapping looks like a union member: wrong keys weigh more than wrong values."""
    keys = sum(error.type in ("extra_forbidden", "missing") for error in errors)
    return keys, len(errors)


class _Telling:
    """Mistakes of one document in words."""

    def __init__(self, document: Document, prefix: KeyPath) -> None:
        self._document = document
        self._prefix = prefix

    def problems(self, mistakes: list[_Mistake]) -> list[Problem]:
        """The problems, less the missing keys that a misspelt key stands for."""
        found: list[Problem] = []
        meant: set[KeyPath] = set()
        for mistake in sorted(mistakes, key=lambda mistake: mistake.type == "missing"):
            path = self._path(mistake)
            problem = self._problem(mistake, path)
            if mistake.type == "extra_forbidden" and problem.did_you_mean:
                meant.add((*path[:-1], problem.did_you_mean))
            if mistake.type != "missing" or path not in meant:
                found.append(problem)
        return found

    def _problem(self, mistake: _Mistake, path: KeyPath) -> Problem:
        if mistake.type == "extra_forbidden":
            return self._unknown_key(path, keys_of(mistake.trail.held_by))
        if mistake.type == "missing":
            return self._missing(path)
        if mistake.type.startswith("union_tag"):
            return self._unknown_kind(mistake, path)
        if mistake.trail.is_key:
            return self._wrong_key(mistake, path)
        if mistake.is_of_shape:
            return self._wrong_shape(mistake, path)
        return self._wrong_value(mistake, path)

    def _unknown_key(self, path: KeyPath, allowed: tuple[str, ...]) -> Problem:
        place = self._document.place(path, key=True)
        present = self._document.value(path[:-1])
        free = [key for key in allowed if not (isinstance(present, dict) and key in present)]
        message = f"unknown key '{short(str(path[-1]))}'{_inside(path)}"
        return Problem(place, message, None, _meant(str(path[-1]), tuple(free)), allowed)

    def _missing(self, path: KeyPath, allowed: tuple[str, ...] = ()) -> Problem:
        message = f"'{path[-1]}' is missing{_inside(path)}"
        if isinstance(path[-1], int):
            message = f"{wording.label(path)} is missing"
        return Problem(self._document.place(path[:-1], key=True), message, None, None, allowed)

    def _unknown_kind(self, mistake: _Mistake, path: KeyPath) -> Problem:
        name = str(mistake.context.get("discriminator", "kind")).strip("'")
        path = (*path, name)
        allowed = words_of(mistake.trail.types, name)
        if mistake.type == "union_tag_invalid":
            return self._wrong_choice(path, allowed)
        present = self._document.value(path[:-1])
        misspelt = closest(name, present) if isinstance(present, dict) else None
        if misspelt is None:
            return self._missing(path, allowed)
        return self._unknown_key((*path[:-1], misspelt), (name,))

    def _wrong_key(self, mistake: _Mistake, path: KeyPath) -> Problem:
        if mistake.type in _CHOICES:
            return self._unknown_key(path, wording.listed(str(mistake.context["expected"])))
        message, hint = self._said(mistake, path)
        return Problem(self._document.place(path, key=True), f"the key {message}", hint)

    def _wrong_shape(self, mistake: _Mistake, path: KeyPath) -> Problem:
        """What belongs there: a sort of value, one of a few words, or either."""
        tried = (mistake, *mistake.instead)
        words = tuple(
            word
            for one in tried
            if one.type in _CHOICES
            for word in wording.listed(str(one.context["expected"]))
        )
        sorts = list(
            dict.fromkeys(wording.EXPECTED[one.type] for one in tried if one.type not in _CHOICES)
        )
        if not sorts:
            return self._wrong_choice(path, words)
        if words:
            sorts.append("one of the words allowed")
        value = self._document.value(path)
        place = self._place(path)
        message = f"{wording.label(path)} must be {' or '.join(sorts)}"
        if wording.sort_of(value) not in sorts:
            message += f", not {wording.sort_of(value)}"
        near = closest(value, words) if isinstance(value, str) else None
        hint = _way_out(sorts[0], value, place) if path else None
        return Problem(place, message, hint, near, words)

    def _wrong_choice(self, path: KeyPath, allowed: tuple[str, ...]) -> Problem:
        value, what = self._document.value(path), wording.label(path)
        near = None
        if is_secret(path):
            message = f"{what} has a value that is not allowed"
        elif isinstance(value, str):
            message = f"{what} cannot be '{short(value)}'"
            near = closest(value, allowed)
        else:
            message = f"{what} must be one of the words allowed, not {wording.sort_of(value)}"
        return Problem(self._place(path), message, None, near, allowed)

    def _wrong_value(self, mistake: _Mistake, path: KeyPath) -> Problem:
        message, hint = self._said(mistake, path)
        return Problem(self._place(path), message, hint)

    def _said(self, mistake: _Mistake, path: KeyPath) -> tuple[str, str | None]:
        what = wording.label(path)
        if limit := wording.limit(mistake.type, mistake.context):
            # pydantic counts the characters of a secret as items.
            is_text = isinstance(self._document.value(path), str)
            return f"{what} {limit.replace('items', 'characters') if is_text else limit}", None
        message, hint = wording.own_words(mistake.message, is_secret=is_secret(path))
        return _with_subject(message, what), _own_hint(mistake) or hint

    def _place(self, path: KeyPath) -> Place:
        """Of a plain value its own place, of a list or mapping that of its key."""
        is_container = isinstance(self._document.value(path), (list, dict))
        return self._document.place(path, key=is_container)

    def _path(self, mistake: _Mistake) -> KeyPath:
        """The path in the file: a validator may have made a list or mapping of a plain value."""
        path = (*self._prefix, *mistake.trail.path)
        if mistake.type in ("missing", "extra_forbidden"):
            return path
        while path and not isinstance(self._document.value(path[:-1]), (list, dict)):
            path = path[:-1]
        return path


def _meant(word: str, allowed: tuple[str, ...]) -> str | None:
    """The key that was meant: of `limit_eur` the one that is in the bill's currency."""
    stem, _, code = word.rpartition("_")
    another = is_code(code) and sum(map(str.__ne__, code.lower(), "usd")) > 1  # one is a slip
    if another and f"{stem}_usd" in allowed:
        return next((twin for twin in (stem, f"{stem}_amount") if twin in allowed), None)
    return closest(word, allowed)


def _inside(path: KeyPath) -> str:
    return f" in {wording.label(path[:-1])}" if len(path) > 1 else ""


def _with_subject(message: str, what: str) -> str:
    """A validator may leave out what it speaks of: `is not a time zone`."""
    verbless = message.startswith("Input should ")
    if verbless:
        return f"{what} must {message.removeprefix('Input should ')}"
    begins = message.partition(" ")[0]
    return f"{what} {message}" if begins in ("is", "must", "cannot", "needs", "has") else message


def _own_hint(mistake: _Mistake) -> str | None:
    hint = getattr(mistake.context.get("error"), "hint", None)
    return hint if isinstance(hint, str) else None


def _way_out(expected: str, value: Any, place: Place) -> str | None:
    if value is None:
        return _after_a_comment(place)
    if expected == "text" and not isinstance(value, (list, dict)):
        return "put it in quotes"
    if expected == "a list" and not isinstance(value, dict):
        return "write [a, b], or one line '- a' for each"
    return None


def _after_a_comment(place: Place) -> str:
    if "#" in place.text_of_line[place.column - 1 :]:
        return "'#' after a space begins a comment: put the value in quotes"
    return "write a value, or remove the key"
