"""The stage every test of delivery plays on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.stage import NOW, Stage, opened
from tests.fakes import FakeSlack


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with FakeSlack(now=NOW) as slack:
        database = opened(tmp_path)
        yield Stage(slack, database)
        database.close()
