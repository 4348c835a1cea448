"""The rules of all files, checked together: every mistake of every file in one report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.alerts.model import rule_slug
from bot.config import yamlfile
from bot.config.problems import ConfigProblems, Problem, closest
from bot.config.rulefiles import rule_files
from bot.config.validation import from_pydantic
from bot.config.yamlfile import Document
from bot.kinds import KINDS, Rule


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every rule, in the order of files (by name) and entries; also the disabled ones."""

    rules: tuple[Rule, ...]
    files: tuple[Path, ...]

    @property
    def enabled(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.enabled)


def load_rulebook(path: Path) -> Rulebook:
    """The rules of a file, or of every `*.yaml` and `*.yml` of a folder (not of its sub-folders).

    Raises ConfigProblems with everything that is wrong.
    """
    files = rule_files(path)
    reader = _Reader()
    rules = [rule for file in files for rule in reader.read(file)]
    if reader.problems:
        raise ConfigProblems(reader.problems)
    return Rulebook(tuple(rules), tuple(files))


def gather_rules(paths: Iterable[Path], document: Document | None = None) -> tuple[Rule, ...]:
    """The rules of files and folders, and those under `rules` of a document with other keys too.

    Raises ConfigProblems with everything that is wrong.
    """
    reader = _Reader()
    rules: list[Rule] = []
    for path in paths:
        try:
            files = rule_files(path)
        except ConfigProblems as error:
            reader.problems.extend(error.problems)
            continue
        rules += [rule for file in files for rule in reader.read(file)]
    if document is not None:
        rules += reader.read_entries(document, document.data["rules"])
    if reader.problems:
        raise ConfigProblems(reader.problems)
    return tuple(rules)


class _Reader:
    """Reads file after file, remembering the names used and the mistakes made."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._named: dict[str, tuple[Document, tuple[str | int, ...]]] = {}

    def read(self, file: Path) -> Iterator[Rule]:
        try:
            document = yamlfile.load(file)
        except ConfigProblems as error:
            self.problems.extend(error.problems)
            return
        yield from self.read_entries(document, self._entries(document))

    def read_entries(self, document: Document, entries: Sequence[Any]) -> Iterator[Rule]:
        for index, entry in enumerate(entries):
            rule = self._rule(document, index, entry)
            if rule is not None:
                yield rule

    def _entries(self, document: Document) -> Sequence[Any]:
        data = document.data
        if not isinstance(data, dict) or not isinstance(data.get("rules"), list):
            self._add(document, ("rules",), "a rule file holds a list under the key `rules`")
            return ()
        for key in data:
            if key != "rules":
                place = document.place((key,), key=True)
                near = closest(key, ["rules"])
                message = f"'{key}' is not a key of a rule file"
                self.problems.append(Problem(place, message, None, near, ("rules",)))
        entries: list[Any] = data["rules"]
        return entries

    def _rule(self, document: Document, index: int, entry: Any) -> Rule | None:
        path = ("rules", index)
        if not isinstance(entry, dict):
            self._add(document, path, "a rule is a mapping with `name` and `kind`")
            return None
        kind = entry.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            self._unknown_kind(document, path, kind)
            return None
        model = KINDS[kind]
        try:
            rule = model.model_validate(entry)
        except ValidationError as error:
            self.problems.extend(from_pydantic(error, document, path, model))
            return None
        return rule if self._is_new(document, path, rule) else None

    def _unknown_kind(self, document: Document, path: tuple[str | int, ...], kind: Any) -> None:
        allowed = tuple(sorted(KINDS))
        if kind is None:
            place = document.place(path)
            self.problems.append(Problem(place, "a rule needs a `kind`", None, None, allowed))
            return
        near = closest(str(kind), allowed)
        place = document.place((*path, "kind"))
        said = f"'{str(kind)[:40]}' is not a kind of rule"
        self.problems.append(Problem(place, said, None, near, allowed))

    def _is_new(self, document: Document, path: tuple[str | int, ...], rule: Rule) -> bool:
        slug = rule_slug(rule.name).casefold()
        if slug not in self._named:
            self._named[slug] = (document, (*path, "name"))
            return True
        first, taken = self._named[slug]
        by = first.place(taken)
        message = f"the name '{rule.name}' is taken by {by.file}:{by.line}"
        place = document.place((*path, "name"))
        self.problems.append(Problem(place, message, "alerts are told apart by rule name"))
        return False

    def _add(self, document: Document, path: tuple[str | int, ...], message: str) -> None:
        self.problems.append(Problem(document.place(path), message))
