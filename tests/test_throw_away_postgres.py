"""The server that `tools/postgres.py` starts leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from bot.errors import StoreError
from bot.store.database import open_lasting
from tools.postgres import programs, server


@pytest.mark.postgres
def test_a_throw_away_server_is_no_root_hears_no_network_and_is_gone_at_the_end() -> None:
    found = programs()
    if found is None:
        pytest.skip("its programs are not installed here")
    with server(found) as url:
        folder = Path(str(make_url(url).query["host"]))
        assert folder.stat().st_mode & 0o077 == 0
        assert folder.stat().st_uid != 0
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            assert connection.exec_driver_sql("SHOW listen_addresses").scalar() == ""
    assert not folder.exists()
    with pytest.raises(StoreError, match="No such file"):
        open_lasting(url)
