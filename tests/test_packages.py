"""Packages: a licence that does not fit and a known hole are found; no network is no failure."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tools import audit, licences

HERE = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("licence", "fits"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0", True),
        ("Mozilla Public License 2.0 (MPL 2.0)", True),
        ("BSD License; Apache Software License", True),
        ("GPL-3.0-or-later", False),
        ("GPL-3.0-only AND (MIT OR BSD-3-Clause)", False),
        ("MIT AND AGPL-3.0-only", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("Proprietary", False),
        ("", False),
    ],
)
def test_a_licence_fits_if_all_that_must_be_kept_to_is_on_the_list(
    licence: str, fits: bool
) -> None:
    assert licences.is_allowed(licence) is fits


def test_every_installed_package_may_be_used() -> None:
    assert list(licences.refused(distributions())) == []


HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["2.1"]}


def test_a_known_hole_fails_and_says_which_version_mends_it() -> None:
    found = {"name": "requests", "version": "2.0", "vulns": [HOLE]}
    found_audit = audit.read({"dependencies": [found, {"name": "x", "skip_reason": "unknown"}]})
    assert audit.told(found_audit) == (
        1,
        ["KNOWN HOLE: requests 2.0: PYSEC-2026-1, mended in 2.1"],
    )


def test_packages_that_nobody_knows_are_named_loudly() -> None:
    sound = {"name": "requests", "version": "2.0", "vulns": []}
    one_unknown = audit.read({"dependencies": [sound, {"name": "x", "skip_reason": "unknown"}]})
    assert audit.told(one_unknown) == (
        0,
        [
            "No known hole in 1 package.",
            "PACKAGES NOT CHECKED FOR KNOWN HOLES: unknown to the advisory database: x",
        ],
    )
    unknown = audit.read({"dependencies": [{"name": "x", "skip_reason": "unknown"}]})
    assert audit.told(unknown)[1][0].startswith("PACKAGES NOT CHECKED FOR KNOWN HOLES")


def test_where_nobody_can_be_asked_it_is_said_and_is_no_failure(tmp_path: Path) -> None:
    unreachable = (
        "import sys; from pathlib import Path; from tools import audit\n"
        f"audit.installed = lambda: Path({str(tmp_path / 'pip-audit')!r})\n"
        "sys.exit(audit.main())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", unreachable], capture_output=True, text=True, check=False, cwd=HERE
    )
    assert (ran.returncode, ran.stderr) == (
        0,
        "PACKAGES NOT CHECKED FOR KNOWN HOLES: no package index or advisory database reachable\n",
    )
