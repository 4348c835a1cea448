"""From the events of a YAML parser to plain data and the places of everything in it.

Events come one by one and are counted before anything is kept, and open containers stand on a
list, not on Python's stack: neither size nor depth of a text can hurt.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, NoReturn

import yaml

from bot.config import yamlsyntax
from bot.config.places import Source, is_secret
from bot.config.problems import ConfigProblems, Problem, short
from bot.config.yamlscalars import Refusal, resolve

MAX_DEPTH = 20
MAX_NODES = 20_000
MAX_PROBLEMS = 20

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_WORD = re.compile(r"[^\s,\[\]{}]*")

Position = tuple[int, int]


class Spot(NamedTuple):
    """Where a value and its key stand (line and column from 0), and the spots in it."""

    at: Position
    key_at: Position
    inside: dict[str, Spot] | list[Spot] | None

    def child(self, step: str | int) -> Spot | None:
        """The spot of a key of a mapping or of an item of a list, if there is one."""
        found: Spot | None = None
        if isinstance(self.inside, dict) and isinstance(step, str):
            found = self.inside.get(step)
        elif isinstance(self.inside, list) and step in range(len(self.inside)):
            found = self.inside[int(step)]
        return found


class Tree(NamedTuple):
    """Plain data, and the spots of the same shape."""

    data: Any
    root: Spot


def grow(source: Source, loader: Any = _LOADER) -> Tree:
    """The tree of a text. Raises `ConfigProblems` with up to 20 problems."""
    growth = _Growth(source)
    try:
        growth.refuse_bombs(loader)
        for event in yaml.parse(source.text, Loader=loader):
            growth.take(event)
    except yaml.YAMLError as error:
        growth.problems.append(yamlsyntax.explain(error, source))
    except (ValueError, OverflowError):  # the parser in Python, of "\UFFFFFFFF"
        growth.problems.append(
            Problem(source.place(*growth.at), "an escape after this place means no character")
        )
    except _StopReading:
        pass
    if growth.problems:
        raise ConfigProblems(growth.problems)
    return Tree(growth.data, growth.root)


class _StopReading(Exception):  # noqa: N818 - no error: the end of reading
    """What follows cannot be judged, or is not worth judging."""


class _Container(NamedTuple):
    """A list or mapping whose end is still to come. `keys` holds the key that awaits a value."""

    data: Any
    inside: Any
    keys: list[tuple[str, Position]]

    def awaits_key(self) -> bool:
        return isinstance(self.data, dict) and not self.keys

    def put(self, value: Any, at: Position, inside: Any) -> None:
        if isinstance(self.data, list):
            self.data.append(value)
            self.inside.append(Spot(at, at, inside))
            return
        key, key_at = self.keys.pop()
        if key not in self.data:  # written twice: refused already, the first one stays
            self.data[key] = value
            self.inside[key] = Spot(at, key_at, inside)


class _Growth:
    """The tree as far as it has been read."""

    def __init__(self, source: Source) -> None:
        self.problems: list[Problem] = []
        self.data: Any = None
        self.root = Spot((0, 0), (0, 0), None)
        self.at: Position = (0, 0)
        self._source = source
        self._open: list[_Container] = []
        self._documents = 0

    def refuse_bombs(self, loader: Any) -> None:
        """Count before anything is kept, four times as fast as reading."""
        if len(self._source.text) <= MAX_NODES:  # a value takes a character at least
            return
        nodes = depth = 0
        for event in yaml.parse(self._source.text, Loader=loader):
            self.at = _start_of(event)
            if isinstance(event, yaml.DocumentStartEvent):
                self._document(event)
            nodes += isinstance(event, yaml.NodeEvent)
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                self._refuse_depth(depth)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if nodes > MAX_NODES:
                self._stop(f"the file holds more than {MAX_NODES:,} values", "split it")
        self._documents = 0

    def _refuse_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            self._stop(f"lists and mappings are nested deeper than {MAX_DEPTH} levels")

    def take(self, event: yaml.Event) -> None:
        """Read one more event. Raises `_StopReading` where reading on makes no sense."""
        self.at = _start_of(event)
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.CollectionStartEvent():
                self._begin(event)
            case yaml.CollectionEndEvent():
                self._open.pop()
            case yaml.AliasEvent():
                self._alias()
            case yaml.DocumentStartEvent():
                self._document(event)

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        if event.version or event.tags:
            self._stop("lines that begin with '%' are not accepted", "remove the line")
        self._documents += 1
        if self._documents > 1:
            self._stop("a second document begins here", "a file holds one: use one file for each")

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        self._refuse_depth(len(self._open) + 1)
        if self._open and self._open[-1].awaits_key():
            self._stop("a key must be text, not a list or mapping", "put quotes around it")
        self._refuse_extras(event)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        container = _Container([] if is_list else {}, [] if is_list else {}, [])
        self._put(container.data, container.inside)
        self._open.append(container)

    def _alias(self) -> None:
        self._refuse_word("a YAML alias")
        if self._open and self._open[-1].awaits_key():
            self._open[-1].keys.append((self._word(), self.at))
        else:
            self._put(None, None)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._refuse_extras(event)
        if _CONTROL.search(event.value):
            self._refuse("this text holds a control character", "remove its escape")
        is_plain = not event.style and event.tag is None
        if self._open and self._open[-1].awaits_key():
            self._key(event.value, is_plain)
        else:
            self._put(self._meaning(event.value) if is_plain else event.value, None)

    def _key(self, word: str, is_plain: bool) -> None:
        keys = self._open[-1]
        if is_plain and word == "<<":
            self._refuse("the merge key '<<' is not accepted", "write the merged keys out")
        elif is_plain and not isinstance(self._meaning(word), str):
            self._refuse("a key must be text", "put it in quotes")
        elif first := keys.inside.get(word):
            line, column = (number + 1 for number in first.key_at)
            self._refuse(
                f"the key '{short(word)}' is written twice: first on line {line}, column {column}",
                "remove one of the two",
            )
        keys.keys.append((word, self.at))

    def _meaning(self, word: str) -> Any:
        meaning = resolve(word)
        if isinstance(meaning, Refusal):
            self._refuse(*meaning)
            return word
        return meaning

    def _put(self, value: Any, inside: Any) -> None:
        if self._open:
            self._open[-1].put(value, self.at, inside)
        else:
            self.data, self.root = value, Spot(self.at, self.at, inside)

    def _refuse_extras(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            self._refuse_word("a YAML anchor")
        # Only scalars and containers can have a tag.
        if getattr(event, "tag", None) is not None:
            self._refuse_word("a YAML tag")

    def _refuse_word(self, what: str) -> None:
        path = tuple(key for container in self._open for key, _ in container.keys)
        word = "..." if is_secret(path) else short(self._word())
        self._refuse(
            f"'{word}' is {what}, which is not accepted",
            f'put it in quotes if it is text: "{word}"; else write the value out',
        )

    def _refuse(self, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(self._source.place(*self.at), message, hint))
        if len(self.problems) >= MAX_PROBLEMS:
            self._stop("too many mistakes: what follows was not read")

    def _stop(self, message: str, hint: str | None = None) -> NoReturn:
        self.problems.append(Problem(self._source.place(*self.at), message, hint))
        raise _StopReading

    def _word(self) -> str:
        match = _WORD.match(self._source.rest_of_line(*self.at))
        return match[0] if match else ""


def _start_of(event: yaml.Event) -> Position:
    mark = event.start_mark
    return (mark.line, mark.column) if mark else (0, 0)
