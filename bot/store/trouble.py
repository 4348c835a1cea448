"""What a database driver says, as an error with a way out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from bot.errors import StoreError


def shown(url: str) -> str:
    """The database's URL without its password."""
    try:
        parsed = make_url(url).difference_update_query(["password", "sslpassword"])
    except sa.exc.ArgumentError:
        return "store.url"
    if not parsed.drivername.startswith(("sqlite", "postgres")):
        return "store.url"  # whatever stands there is no address, and may be a secret
    return parsed.render_as_string(hide_password=True)


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turns what a database driver says into a StoreError: one line and a way out."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StoreError(f"{where}: {cause}", hint=_way_out(cause)) from error


def _way_out(cause: str) -> str:
    for sign, way_out in _WAYS_OUT.items():
        if sign in cause.lower():
            return way_out
    return "check store.url, and that the database can be reached and written"


_WAYS_OUT = {  # the first that fits counts
    "locked": "another process holds it: wait for it to end, or give this one its own store.url",
    "lock timeout": "another process holds it: wait for it to end, or give this one its own "
    "store.url",
    "read-only transaction": "this server only copies another: name the primary in store.url",
    "readonly": "make the file and its folder writable for this user, or change store.url",
    "read-only": "make the file and its folder writable for this user, or change store.url",
    "not a database": "the file is something else or damaged: restore a backup or move it away",
    "malformed": "the file is damaged: restore a backup, or move it away and fetch again",
    "unable to open": "the folder must exist and be writable for this user",
    "is full": "make room on the disk; nothing was lost",
    "no space left": "make room on the disk; nothing was lost",
    "disk i/o": "the disk reports errors; nothing was changed",
    "permission denied": "grant what docs/configuration.md lists under 'Where it remembers'",
    "must be owner": "run the new version once as the user that owns the tables",
    "password authentication": "correct the user or the password in store.url",
    "no password supplied": "give the password in store.url, as ${VAR}, or in ~/.pgpass",
    "does not exist": "create it (createdb, createuser), or correct store.url",
    "no schema": "create the schema that search_path names (CREATE SCHEMA), or correct store.url",
    "too many": "the server has no connection left: raise max_connections or stop another client",
    "connection": "is the server running, and are host, user and password right?",
}
