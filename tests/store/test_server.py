"""PostgreSQL: what it refuses, who waits for whom, and that a dry run leaves no trace."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import cast

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url

from bot.errors import StoreError
from bot.spend.doubt import Trusting
from bot.spend.ledger import trailing
from bot.spend.metrics import Additive
from bot.spend.rows import CostDay, CostRow, Name
from bot.store.database import Database, open_forgetful, open_lasting
from bot.store.history import History
from bot.store.migrations import STEPS as READ_ONLY_STEPS
from bot.store.migrations import Step
from bot.store.pulses import Pulses
from bot.store.schema import meta, metadata, pulses
from bot.store.tallies import CHECKED
from bot.store.trouble import shown
from bot.store.version import VERSION
from tests import postgres
from tests.build import NOW, TODAY, YESTERDAY

pytestmark = pytest.mark.postgres
STEPS = cast(dict[int, Step], READ_ONLY_STEPS)
OPENERS = [open_lasting, open_forgetful]


@pytest.fixture
def new_url(postgres_server: postgres.Server) -> str:
    """A database without tables."""
    return postgres_server.new()


def on(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def text_of(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def refused(opener: object, url: str) -> StoreError:
    assert callable(opener)
    with pytest.raises(StoreError) as error:
        opener(url)
    assert "\n" not in error.value.message
    return error.value


def beat_and_read(database: Database, name: str) -> list[str]:
    Pulses(database).beat(name, NOW)
    with database.reading() as connection:
        return sorted(connection.execute(sa.select(pulses.c.name)).scalars())


# --- what is refused


@pytest.mark.parametrize("opener", OPENERS)
def test_a_wrong_password_is_told_without_any_password(postgres_url: str, opener: object) -> None:
    url = make_url(postgres_url).set(password="hunter2")
    error = refused(opener, text_of(url))
    assert 'password authentication failed for user "budget"' in error.message
    assert error.hint == "correct the user or the password in store.url"
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("opener", OPENERS)
def test_a_server_that_is_down_is_told(opener: object) -> None:
    error = refused(opener, "postgresql+psycopg://bot:hunter2@127.0.0.1:1/budget")
    assert error.message.startswith("postgresql+psycopg://bot:***@127.0.0.1:1/budget: connection")
    assert "Connection refused" in error.message
    assert error.hint == "is the server running, and are host, user and password right?"


@pytest.mark.parametrize("opener", OPENERS)
def test_a_database_that_does_not_exist_is_told(postgres_url: str, opener: object) -> None:
    error = refused(opener, text_of(make_url(postgres_url).set(database="no_such")))
    assert error.message.endswith('database "no_such" does not exist')
    assert error.hint == "create it (createdb, createuser), or correct store.url"


@pytest.mark.parametrize("opener", OPENERS)
def test_a_newer_schema_is_refused(postgres_url: str, opener: object) -> None:
    on(postgres_url, "UPDATE meta SET value = '77' WHERE name = 'schema'")
    before = postgres.dump(postgres_url)
    error = refused(opener, postgres_url)
    assert error.message == (
        f"{shown(postgres_url)}: written by a newer version of the bot (schema 77; this one knows "
        f"{VERSION})"
    )
    assert postgres.dump(postgres_url) == before


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("table", ["invoices (id int)", "meta (name text, value text)"])
def test_the_database_of_another_program_is_refused(
    new_url: str, opener: object, table: str
) -> None:
    on(new_url, f"CREATE TABLE {table}")
    before = postgres.dump(new_url)
    assert refused(opener, new_url).message == (
        f"{shown(new_url)}: this database belongs to another program"
    )
    assert postgres.dump(new_url) == before


def test_a_standby_is_told_from_a_file_without_rights(postgres_url: str) -> None:
    url = make_url(postgres_url).update_query_dict(
        {"options": "-cdefault_transaction_read_only=on"}
    )
    with closing(open_lasting(text_of(url))) as database, pytest.raises(StoreError) as error:
        Pulses(database).beat(CHECKED, NOW)
    assert error.value.message.endswith("in a read-only transaction")
    assert error.value.hint == "this server only copies another: name the primary in store.url"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_url_as_other_programs_write_it_is_understood(postgres_url: str, scheme: str) -> None:
    rest = postgres_url.partition("://")[2]
    with closing(open_lasting(f"{scheme}://{rest}")) as database:
        assert beat_and_read(database, "kept") == ["kept"]


def test_tables_may_stand_in_a_schema_of_their_own(new_url: str) -> None:
    on(new_url, "CREATE SCHEMA budget", "CREATE TABLE public.invoices (id int)")
    url = text_of(make_url(new_url).update_query_dict({"options": "-csearch_path=budget"}))
    for opener, seen in ((open_lasting, ["kept"]), (open_forgetful, ["dry", "kept"])):
        with closing(opener(url)) as database:
            assert beat_and_read(database, seen[0]) == seen
    tables = {name for name in postgres.dump(new_url) if name}
    assert tables == {"public.invoices"} | {f"budget.{name}" for name in metadata.tables}


# --- least privilege


@pytest.fixture
def role(postgres_server: postgres.Server) -> Iterator[str]:
    name = f"budget_bot_test_{uuid.uuid4().hex}"
    postgres_server.do(f"CREATE ROLE {name} LOGIN PASSWORD 'its own'")
    yield name
    postgres_server.do(f"DROP ROLE {name}")


def its_own(url: str, role: str) -> URL:
    return make_url(url).set(username=role, password="its own")


def test_without_any_right_it_is_told_which(new_url: str, role: str) -> None:
    error = refused(open_lasting, text_of(its_own(new_url, role)))
    assert error.message.endswith("permission denied for schema public")
    assert error.hint == "grant what docs/configuration.md lists under 'Where it remembers'"


def test_rows_are_all_it_needs_to_change_once_tables_are_there(new_url: str, role: str) -> None:
    open_lasting(new_url).close()
    on(new_url, f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    with closing(open_lasting(text_of(its_own(new_url, role)))) as database:
        history = History(database)
        history.take(CostDay(YESTERDAY, (row("search", 5),)), NOW, Trusting())
        assert history.sums(Additive.COST, ("project",), trailing(TODAY, 2)) == {
            ("search",): {YESTERDAY: 5}
        }
    on(new_url, f"DROP OWNED BY {role}")


def test_a_dry_run_needs_no_more_than_to_read(new_url: str, role: str) -> None:
    filled(new_url)
    on(new_url, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    with closing(open_forgetful(text_of(its_own(new_url, role)))) as database:
        assert beat_and_read(database, "dry") == [CHECKED, "dry"]
    on(new_url, f"DROP OWNED BY {role}")


# --- who waits for whom


def row(project: str, nanos: int) -> CostRow:
    return CostRow(YESTERDAY, project, "gpt-5, input", None, nanos)


WAITING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def test_of_two_writers_the_second_waits_before_it_reads(postgres_url: str) -> None:
    one, two = open_lasting(postgres_url), open_lasting(postgres_url)

    def read_in_order_to_write() -> list[str]:
        with two.writing() as connection:
            return list(connection.execute(sa.select(pulses.c.name)).scalars())

    with ThreadPoolExecutor() as pool:
        with one.writing() as connection:
            second = pool.submit(read_in_order_to_write)
            while not second.done() and not connection.exec_driver_sql(WAITING).scalar():
                """It is on its way."""
            connection.execute(pulses.insert().values(name="one", at="2026"))
        assert second.result() == ["one"]
    one.close()
    two.close()


def test_who_reads_sees_one_state_and_does_not_wait(postgres_url: str) -> None:
    writer, reader = open_lasting(postgres_url), open_lasting(postgres_url)
    count = sa.select(sa.func.count()).select_from(pulses)
    with reader.reading() as connection:
        seen = [connection.execute(count).scalar()]
        assert beat_and_read(writer, "new") == ["new"]
        seen.append(connection.execute(count).scalar())
    assert seen == [0, 0]
    writer.close()
    reader.close()


def test_who_holds_the_lock_without_a_sign_of_life_is_cut_off_before_others_give_up(
    postgres_url: str,
) -> None:
    with closing(open_lasting(postgres_url)) as database, database.writing() as connection:
        ends, gives_up = (
            connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("idle_in_transaction_session_timeout", "lock_timeout")
        )
    assert (ends, gives_up) == ("20s", "30s")


@pytest.mark.parametrize("default", ["repeatable%20read", "serializable"])
def test_a_writer_that_waited_sees_what_it_waited_for_whatever_the_servers_default(
    postgres_url: str, default: str
) -> None:
    mark = "&" if "?" in postgres_url else "?"
    url = f"{postgres_url}{mark}options=-c%20default_transaction_isolation%3D{default}"
    url = url.replace("repeatable%20read", "repeatable%5C%20read")
    one, two = open_lasting(url), open_lasting(url)
    seen: list[int | None] = []

    def count() -> None:
        with two.writing() as connection:
            found = connection.execute(sa.select(sa.func.count()).select_from(pulses))
            seen.append(found.scalar())

    waiter = threading.Thread(target=count)
    with one.writing() as connection:
        waiter.start()
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while connection.exec_driver_sql(waits).scalar() == 0:
            pass
        connection.execute(pulses.insert().values(name="one", at="2026"))
    waiter.join()
    assert seen == [1]
    one.close()
    two.close()


def test_a_wait_that_is_too_long_is_told(postgres_url: str) -> None:
    one, two = open_lasting(postgres_url), open_lasting(postgres_url)

    def impatient() -> None:
        with two.reading() as connection:
            connection.exec_driver_sql("SET LOCAL lock_timeout = '1ms'")
            connection.exec_driver_sql("LOCK TABLE pulses IN SHARE MODE")

    with one.writing() as connection:
        connection.execute(pulses.insert().values(name="one", at="2026"))
        with pytest.raises(StoreError, match="lock timeout") as error:
            impatient()
    assert str(error.value.hint).startswith("another process holds it")
    one.close()
    two.close()


# --- at the same moment


def at_once(count: int, work: object) -> list[object]:
    """What `work(n)` gives in so many threads that start together."""
    assert callable(work)
    gate = threading.Barrier(count)

    def start(n: int) -> object:
        gate.wait()
        return work(n)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


def test_five_first_runs_at_once_make_the_tables_once(new_url: str) -> None:
    at_once(5, lambda _: open_lasting(new_url).close())
    with closing(open_lasting(new_url)) as database, database.reading() as connection:
        assert set(sa.inspect(connection).get_table_names()) == set(metadata.tables)
        assert connection.execute(sa.select(meta)).all() == [("schema", str(VERSION))]


def test_an_older_schema_is_brought_along_once_by_five_at_once(
    new_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_lasting(new_url).close()
    on(new_url, "UPDATE meta SET value = '0' WHERE name = 'schema'")

    def step(connection: Connection) -> None:
        connection.execute(sa.text("ALTER TABLE names ADD COLUMN colour TEXT"))

    for version in range(1, VERSION):
        monkeypatch.setitem(STEPS, version, lambda _: None)
    monkeypatch.setitem(STEPS, 0, step)
    before = postgres.dump(new_url)
    with closing(open_forgetful(new_url)) as database:
        assert beat_and_read(database, "dry") == ["dry"]
    assert postgres.dump(new_url) == before
    at_once(5, lambda _: open_lasting(new_url).close())
    with closing(open_lasting(new_url)) as database, database.reading() as connection:
        assert connection.execute(sa.select(meta.c.value)).scalar() == str(VERSION)
        columns = [column["name"] for column in sa.inspect(connection).get_columns("names")]
    assert columns.count("colour") == 1


# --- dry


def filled(url: str) -> None:
    with closing(open_lasting(url)) as database:
        History(database).take(CostDay(YESTERDAY, (row("kept", 7),)), NOW, Trusting())
        Pulses(database).beat(CHECKED, NOW)


def test_a_dry_run_leaves_every_row_and_number_as_it_was(postgres_url: str) -> None:
    filled(postgres_url)
    before = postgres.dump(postgres_url)
    with closing(open_forgetful(postgres_url)) as dry:
        history = History(dry)
        history.take(CostDay(YESTERDAY, (row("new", 1), row("kept", 2))), NOW, Trusting())
        history.remember_names([Name("project", "new", "New", None)], NOW)
        Pulses(dry).forget(CHECKED)
        sums = history.sums(Additive.COST, ("project",), trailing(TODAY, 2))
        assert sums == {("new",): {YESTERDAY: 1}, ("kept",): {YESTERDAY: 2}}
        assert Pulses(dry).last(CHECKED) is None
    assert postgres.dump(postgres_url) == before


def test_a_dry_run_on_a_new_database_makes_nothing(new_url: str) -> None:
    before = postgres.dump(new_url)
    with closing(open_forgetful(new_url)) as dry:
        assert beat_and_read(dry, "dry") == ["dry"]
        filled(new_url)  # a real first run meanwhile is not held up
    after = postgres.dump(new_url)
    assert before == {"": []}
    assert [row[0] for row in after["public.pulses"]] == [CHECKED]


def test_a_dry_run_holds_up_no_other(postgres_url: str) -> None:
    filled(postgres_url)
    with closing(open_forgetful(postgres_url)) as dry:
        History(dry).take(CostDay(YESTERDAY, (row("dry", 1),)), NOW, Trusting())
        with closing(open_lasting(postgres_url)) as database:
            History(database).take(
                CostDay(YESTERDAY, (row("real", 9),)), NOW + timedelta(hours=1), Trusting()
            )
    with closing(open_lasting(postgres_url)) as database:
        sums = History(database).sums(Additive.COST, ("project",), trailing(TODAY, 2))
    assert sums == {("real",): {YESTERDAY: 9}}


def test_a_dry_change_that_fails_is_undone_and_the_rest_stays_dry(postgres_url: str) -> None:
    filled(postgres_url)
    before = postgres.dump(postgres_url)
    with closing(open_forgetful(postgres_url)) as dry:

        def fail_halfway() -> None:
            with dry.writing() as connection:
                connection.execute(pulses.insert().values(name="half", at="2026"))
                raise KeyError

        with pytest.raises(KeyError):
            fail_halfway()
        assert beat_and_read(dry, "dry") == [CHECKED, "dry"]
    assert postgres.dump(postgres_url) == before
