"""Whether a known hole is in a package of the locks, by pip-audit.

`python -m tools.audit` puts pip-audit, with the two dozen packages it needs, into an environment of
its own from its own lock. Exit 1 for a known hole. Without a network nothing can be known: that is
said loudly, and is no failure.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent.parent
LOCK = HERE / "requirements-audit.lock"
AUDITED = ("requirements-dev.lock", "requirements-build.lock")
"""These hold every package of the others."""
PLACE = HERE / ".venv" / "audit"
SECONDS = 180


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of it: holes found, packages that nobody knows anything about, all packages."""

    holes: tuple[str, ...]
    unknown: tuple[str, ...]
    packages: int


def read(document: Any) -> Audit:
    """What pip-audit says in its JSON form."""
    packages = document["dependencies"]
    return Audit(
        holes=tuple(line for package in packages for line in _holes(package)),
        unknown=tuple(package["name"] for package in packages if "skip_reason" in package),
        packages=len(packages),
    )


def _holes(package: Any) -> Iterator[str]:
    for hole in package.get("vulns", ()):
        mended = ", ".join(hole.get("fix_versions", ())) or "no version yet"
        yield f"{package['name']} {package['version']}: {hole['id']}, mended in {mended}"


def told(audit: Audit) -> tuple[int, list[str]]:
    """Exit code and lines."""
    if audit.holes:
        return 1, [f"KNOWN HOLE: {hole}" for hole in audit.holes]
    known = audit.packages - len(audit.unknown)
    if not known:
        return 0, [not_checked("the advisory database knows none of them")]
    lines = [f"No known hole in {known} package{'' if known == 1 else 's'}."]
    if audit.unknown:
        lines.append(not_checked(f"unknown to the advisory database: {', '.join(audit.unknown)}"))
    return 0, lines


def not_checked(why: str) -> str:
    return f"PACKAGES NOT CHECKED FOR KNOWN HOLES: {why}"


def installed() -> Path:
    """pip-audit, from its lock. Raises CalledProcessError or TimeoutExpired."""
    stamp = PLACE / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    if not stamp.exists():
        venv.create(PLACE, clear=True, with_pip=True)
        pip = ("-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check")
        once = ("--retries", "0", "--timeout", "15", "--require-hashes", "--requirement", str(LOCK))
        run([str(PLACE / "bin" / "python"), *pip, *once]).check_returncode()
        stamp.touch()
    return PLACE / "bin" / "pip-audit"


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)


def audited() -> Audit | None:
    """The audit of all locks; None where nobody could be asked."""
    locks = [option for lock in AUDITED for option in ("--requirement", str(HERE / lock))]
    form = ("--format", "json", "--progress-spinner", "off", "--disable-pip", "--require-hashes")
    try:
        ran = run([str(installed()), *form, "--timeout", "15", *locks])
        return read(json.loads(ran.stdout))
    except (subprocess.SubprocessError, OSError, ValueError, KeyError):
        return None


def main() -> int:
    """Exit code."""
    audit = audited()
    if audit is None:
        print(not_checked("no package index or advisory database reachable"), file=sys.stderr)
        return 0
    code, lines = told(audit)
    print(*lines, sep="\n", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
