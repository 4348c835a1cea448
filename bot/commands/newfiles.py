"""Files that appear together or not at all."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from bot.errors import UsageError


class NewFiles:
    """Writes files on leaving the block; whatever goes wrong, what was there before is back.

    Each file is replaced in one step, so nobody ever reads a part of one.
    """

    def __init__(self) -> None:
        self._texts: dict[Path, str] = {}

    def write(self, path: Path, text: str) -> None:
        """This text, when the block is left without an exception."""
        self._texts[path] = text

    def __enter__(self) -> NewFiles:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._write_all()

    def _write_all(self) -> None:
        before: dict[Path, bytes | None] = {}
        folders = _missing_folders(self._texts)
        try:
            for path in self._texts:
                before[path] = path.read_bytes() if path.exists() else None
            for path, text in self._texts.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                _replace(path, text.encode("utf-8"))
        except BaseException as error:
            _restore(before, folders)
            if isinstance(error, OSError):
                raise UsageError(
                    f"{error.filename}: {error.strerror}",
                    hint="name a place that can be written with --config and --rules",
                ) from None
            raise


def _replace(path: Path, content: bytes) -> None:
    staged = path.with_name(f".{path.name}.new")
    try:
        staged.write_bytes(content)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def _missing_folders(paths: dict[Path, str]) -> list[Path]:
    """Folders to be made, the innermost first."""
    missing = {one for path in paths for one in path.parents if not one.exists()}
    return sorted(missing, key=lambda one: len(one.parts), reverse=True)


def _restore(before: dict[Path, bytes | None], folders: list[Path]) -> None:
    for path, content in before.items():
        if content is not None:
            _replace(path, content)
        elif path.parent.is_dir():
            path.unlink(missing_ok=True)
    for folder in folders:
        if folder.exists():
            folder.rmdir()
