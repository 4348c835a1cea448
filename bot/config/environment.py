"""`${VAR}` in the text values of a file: filled in from the environment, or from a secrets file.

    ${VAR}             the variable; else what is in the file that VAR_FILE names; else a problem
    ${VAR:-default}    the same, with a default for a variable that is not set or empty
    $$                 a dollar sign

A value is filled in once: what comes out is not looked at again. Keys stay as they are, and the
outcome is always text (`${CAP:-200}` gives "200"). An empty variable gives way to its VAR_FILE.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.config.places import KeyPath, masked
from bot.config.textfile import UnreadableError

Gap = tuple[KeyPath, str]
"""Where a value could not be filled in and why; a way out may follow after a line break."""

# A default ends before the next '${', so that a text of nothing but openings is read in one go.
_PATTERN = re.compile(
    r"\$\$"
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>(?:[^}$]|\$(?!\{))*))?\}"
    r"|(?P<broken>\$\{)"
)
_MAX_FILE_BYTES = 64 * 1024
_MAX_FILLED = 1024 * 1024
_NOT_TEXT = re.compile("[\x00-\x08\n-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def expand(
    data: Any, environ: Mapping[str, str], read_file: Callable[[str], str]
) -> tuple[Any, list[Gap]]:
    """A copy of the data with every `${VAR}` filled in, and what could not be.

    `read_file` gives the text of a VAR_FILE or raises `UnreadableError`, OSError or ValueError. A
    value with a gap stays as it was. No message holds a value of the environment or of a file.
    """
    filling = _Filling(environ, read_file)
    return filling.value(data, ()), filling.gaps


class _GapError(Exception):
    """Why one reference cannot be filled in."""


class _Filling:
    """What has been filled in so far, and the gaps."""

    def __init__(self, environ: Mapping[str, str], read_file: Callable[[str], str]) -> None:
        self.gaps: list[Gap] = []
        self._environ = environ
        self._read_file = read_file
        self._from_files: dict[str, str] = {}
        self._room = _MAX_FILLED

    def value(self, value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: self.value(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, (*path, index)) for index, inner in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) else value

    def _text(self, text: str, path: KeyPath) -> str:
        try:
            return _PATTERN.sub(self._reference, text)
        except _GapError as gap:
            self.gaps.append((path, str(gap)))
            return text

    def _reference(self, match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        if match["broken"]:
            raise _GapError(
                "'${' does not begin a variable here\n"
                "write ${NAME} or ${NAME:-default}, the default without ${...}; $$ is a dollar sign"
            )
        value = self._variable(match["name"], match["default"])
        self._room -= len(value)
        if self._room < 0:
            raise _GapError(f"variables fill in more than {_MAX_FILLED // 1024:,} KB")
        return value

    def _variable(self, name: str, default: str | None) -> str:
        value = self._environ.get(name)
        if value:
            return _one_line(value, f"environment variable {name}")
        if file := self._environ.get(f"{name}_FILE"):
            return self._content(f"{name}_FILE", file)
        if default is not None:
            return default
        if value is None:
            raise _GapError(
                f"environment variable {name} is not set\n"
                f"set it, or {name}_FILE to the file that holds it, or write ${{{name}:-default}}"
            )
        return value

    def _content(self, name: str, file: str) -> str:
        if name not in self._from_files:
            # Somebody may have put the secret itself where the file name belongs.
            where = f"{name}: {masked((file,), 0)}"
            content = _read(self._read_file, file, where)
            self._from_files[name] = _one_line(content.rstrip("\r\n"), where)
        return self._from_files[name]


def _read(read_file: Callable[[str], str], file: str, where: str) -> str:
    try:
        content = read_file(file)
    except UnreadableError as error:
        raise _GapError(f"{where}: {error}") from None
    except OSError as error:
        raise _GapError(f"{where}: {(error.strerror or 'cannot be read').lower()}") from None
    except ValueError:  # not UTF-8, or no file name; its own words may quote the content
        raise _GapError(f"{where}: cannot be read as text") from None
    if len(content.encode("utf-8", "replace")) > _MAX_FILE_BYTES:
        raise _GapError(f"{where}: is larger than {_MAX_FILE_BYTES // 1024} KB")
    return content


def _one_line(value: str, where: str) -> str:
    # A line break in a key would end up in an HTTP header, and the refusal there quotes the key.
    if _NOT_TEXT.search(value):
        raise _GapError(f"{where}: holds a line break or another character that is not text")
    return value
