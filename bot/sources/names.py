"""Ids to names: projects, people, and the API keys of a project.

A listing with another paging than the bill (`after`, `last_id`). Only names are kept: a person's
e-mail address is never read. Facts: https://platform.openai.com/docs/api-reference/projects
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from bot.errors import SourceError
from bot.sources.api_errors import AccessError, ApiError
from bot.sources.base import NAMES, FetchFailure
from bot.sources.lengths import fits
from bot.sources.paging import ROOT, Call, Get, listed
from bot.spend.calendar import Span
from bot.spend.rows import Name

MANAGEMENT_SCOPE = "api.management.read"
_LIMIT = ("limit", "100")
_KEYS_PATH = re.compile(re.escape(f"{ROOT}projects/") + r"([A-Za-z0-9_-]{1,128})/api_keys")

PROJECTS = Call(f"{ROOT}projects", (_LIMIT, ("include_archived", "true")))
"""All projects: old spend is of archived ones too."""
USERS = Call(f"{ROOT}users", (_LIMIT,))


def keys_of(project_id: str) -> Call:
    """All keys of a project. Without `owner_project_access` some enabled ones are left out."""
    path = f"{ROOT}projects/{project_id}/api_keys"
    return Call(path, (_LIMIT, ("owner_project_access", "any")))


def project_names(get: Get) -> Iterator[Name]:
    """Names of all projects, archived ones too. Raises SourceError."""
    return names_in(PROJECTS.path, listed(get, PROJECTS))


def user_names(get: Get) -> Iterator[Name]:
    """Names of the organisation's people. Raises SourceError."""
    return names_in(USERS.path, listed(get, USERS))


def key_names(get: Get, project_ids: Iterable[str]) -> Iterator[Name]:
    """Names of the API keys of some projects.

    A project whose keys cannot be listed (400 for an archived one, 404 for a deleted one) is left
    out, and so is an id that does not belong into a path. Raises SourceError for anything else.
    """
    for project_id in project_ids:
        call = keys_of(project_id)
        if not is_listing(call.path):  # `../users` would lead somewhere else
            continue
        try:
            yield from names_in(call.path, listed(get, call))
        except ApiError as error:
            if error.status not in {400, 404}:
                raise


def names_of_keys(get: Get, wanted: Mapping[str, Collection[str]]) -> Iterator[Name]:
    """As `key_names`; a wanted key that its project does not list comes without a name."""
    for project_id, keys in wanted.items():
        unlisted = set(keys)
        for name in key_names(get, [project_id]):
            unlisted.discard(name.id)
            yield name
        yield from (Name("api_key", key, "", project_id) for key in sorted(unlisted))


def names_in(path: str, items: Iterable[dict[str, Any]]) -> Iterator[Name]:
    """The names that a listing at this path gives; none for a path that lists something else."""
    dimension, project_id = _listing_at(path)
    if dimension is None:
        return
    for item in items:
        name = item.get("name")
        if isinstance(name, str) and name.strip() and fits(item["id"]):
            yield Name(dimension, item["id"], name, project_id)


def is_listing(path: str) -> bool:
    """Whether names are read from this path."""
    return _listing_at(path)[0] is not None


def no_names(error: SourceError, day: date) -> FetchFailure:
    """Why ids are shown instead of names. The span is empty: no day is missing for it."""
    why = error.message
    if isinstance(error, AccessError) and MANAGEMENT_SCOPE in error.scopes:
        why = f"the key lacks {MANAGEMENT_SCOPE}"
    message = f"names could not be read: {why}; ids are shown instead"
    return FetchFailure(NAMES, Span(day, day), message, error.hint, optional=True)


def _listing_at(path: str) -> tuple[str | None, str | None]:
    if path == PROJECTS.path:
        return "project", None
    if path == USERS.path:
        return "user", None
    keys = _KEYS_PATH.fullmatch(path)
    return ("api_key", keys[1]) if keys else (None, None)
