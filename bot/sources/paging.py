"""Following pages: the `page` cursor of costs and usage, and the `after` of listings.

A query is frozen: a cursor is good for the very same parameters only. Contract breaches (more
pages without a cursor, one that repeats, is no text or is endless, more pages than there can be)
raise PageError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple

from bot.sources.body import Bytes
from bot.sources.openai_pages import Page, PageError, Place, kind_of, read_page

Params = tuple[tuple[str, str], ...]
"""A query string in order; a list is a key repeated."""

ROOT = "/organization/"
MOST_LIST_PAGES = 1_000
"""Pages of a listing of names: 100,000 names are more than anyone has."""
_LONGEST_CURSOR = 4_096  # it goes into an address, and no server takes a longer one


class Answer(NamedTuple):
    """A sound answer of the API: its body as it came, decompressed, and its x-request-id."""

    body: Bytes
    request_id: str | None = None


Get = Callable[[str, Params], Answer]
"""Fetches a path with parameters; raises SourceError."""


class Call(NamedTuple):
    """One frozen query: a path below the base URL, and its parameters without a cursor."""

    path: str
    params: Params

    @property
    def endpoint(self) -> str:
        """What errors call it: `costs`, `usage/completions`, `projects`."""
        return self.path.removeprefix(ROOT)


Read = Callable[[Bytes, Place], Page]
"""Opens a body; raises PageError."""


def bucket_pages(get: Get, call: Call, most: int, read: Read = read_page) -> Iterator[Page]:
    """The pages of a costs or usage query, at most `most` of them, each opened by `read`."""
    return _follow(get, call, most, bucket_cursor, read)


def listed(get: Get, call: Call, most: int = MOST_LIST_PAGES) -> Iterator[dict[str, Any]]:
    """The items of a listing: objects with an `id`."""
    for page in _follow(get, call, most, _last_id, read_page):
        yield from items_of(page)


def items_of(page: Page) -> Iterator[dict[str, Any]]:
    """The items of one page of a listing."""
    for item in page.data:
        if not isinstance(item, dict) or not isinstance(item.get("id"), str):
            raise PageError(page.place, "an item has no `id`")
        yield item


Cursor = tuple[str, str]


def _follow(
    get: Get, call: Call, most: int, next_of: Callable[[Page], Cursor | None], read: Read
) -> Iterator[Page]:
    cursor: Cursor | None = None
    seen: set[Cursor | None] = set()
    for number in count(1):
        seen.add(cursor)
        page = _opened(get, call, cursor, number, read)
        cursor = next_of(page)
        if cursor in seen and cursor is not None:
            raise PageError(page.place, "the cursor of the next page repeats")
        if cursor is not None and number >= most:
            raise PageError(page.place, f"there are more pages than the {most} there can be")
        yield page
        if cursor is None:
            return


def _opened(get: Get, call: Call, cursor: Cursor | None, number: int, read: Read) -> Page:
    answer = get(call.path, call.params if cursor is None else (*call.params, cursor))
    return read(answer.body, Place(call.endpoint, number, answer.request_id))


def bucket_cursor(page: Page) -> Cursor | None:
    """What asks for the page after this one of costs or usage; None after the last."""
    return _cursor(page, "next_page", "page")


def _last_id(page: Page) -> Cursor | None:
    return _cursor(page, "last_id", "after")


def _cursor(page: Page, field: str, param: str) -> Cursor | None:
    if not page.has_more:
        return None
    value = page.content.get(field)
    if value is None or value == "":
        raise PageError(page.place, f"`has_more` is true, but `{field}` is missing")
    if not isinstance(value, str):
        raise PageError(page.place, f"`{field}` is {kind_of(value)}")
    if len(value) > _LONGEST_CURSOR:
        raise PageError(page.place, f"`{field}` has more than {_LONGEST_CURSOR:,} characters")
    return param, value
