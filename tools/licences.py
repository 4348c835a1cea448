"""Whether every package that is installed may be used: its licence is on the list below.

`python -m tools.licences` reads the metadata of what is installed; it asks nobody. Exit 1 names the
packages whose licence is not on the list, or says nothing about one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions

ALLOWED = (
    "0BSD",
    "Apache",
    "BSD",
    "CC0",
    "HPND",
    "ISC",
    "MIT",
    "MPL",
    "PSF",
    "Python Software Foundation",
    "Unlicense",
    "Zlib",
)
"""Words of licences that a program under Apache-2.0 may be used with, unchanged, as a library."""
EXCEPTIONS = {
    "psycopg": "LGPL-3.0, used as a library, unchanged and replaceable",
    "psycopg-binary": "LGPL-3.0, used as a library, unchanged and replaceable",
    "hypothesis": "MPL-2.0, for tests only",
}
"""Packages under another licence, and why that is all right."""
OURS = "openai-budget-bot"

_NOT_A_LICENCE = {"", "UNKNOWN", "OSI Approved", "DFSG approved"}


def licence_of(package: Distribution) -> str:
    """What a package says of its licence: the expression, else its classifiers, else the field."""
    if expression := _field(package, "License-Expression"):
        return expression
    lines = package.metadata.get_all("Classifier") or ()
    found = [line.rpartition(" :: ")[2] for line in lines if line.startswith("License ::")]
    named = [one for one in found if one not in _NOT_A_LICENCE]
    return "; ".join(named) or _field(package, "License").strip().partition("\n")[0]


def _field(package: Distribution, name: str) -> str:
    return str(package.metadata[name] or "") if name in package.metadata else ""


def is_allowed(licence: str) -> bool:
    """Whether each part that must be kept to, or one of those to choose from, is on the list."""
    inner = re.sub(
        r"\(([^()]*)\)", lambda part: "0BSD" if is_allowed(part[1]) else "refused", licence
    )
    if inner != licence:
        return is_allowed(inner)
    options = re.split(r"\s+OR\s+|;", licence)
    return any(all(map(_is_known, re.split(r"\s+AND\s+", option))) for option in options)


def _is_known(part: str) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(word)}", part, re.IGNORECASE) for word in ALLOWED)


def refused(packages: Iterable[Distribution]) -> Iterator[str]:
    """A line for every package that may not be used as far as is known."""
    for package in sorted(packages, key=lambda one: one.name.lower()):
        licence = licence_of(package)
        if package.name.lower() not in {OURS, *EXCEPTIONS} and not is_allowed(licence):
            yield f"{package.name} {package.version}: {licence or 'says nothing of its licence'}"


def main() -> int:
    """Exit code."""
    packages = list(distributions())
    lines = list(refused(packages))
    for line in lines:
        print(f"licence not on the list of tools/licences.py: {line}", file=sys.stderr)
    if not lines:
        print(f"Licences of {len(packages)} packages are on the list.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
