"""Blocks that carry data: `table`, `data_table` and the `data_visualization` chart."""

from __future__ import annotations

from typing import Any

from tests.fakes.blockkit_parts import Notes, check_size
from tests.fakes.blockkit_rich import check_rich_text


def check_table(block: dict[str, Any], at: str, notes: Notes) -> None:
    """At most 100 rows × 20 columns and 10,000 characters; cells are never empty."""
    if notes.has("rows", block, at):
        _check_rows(block["rows"], (1, 100), 10_000, at, notes)
    settings = block.get("column_settings", [])
    if check_size(settings, 0, 20, f"{at}/column_settings", notes):
        for number, column in enumerate(settings):
            _check_column(column, f"{at}/column_settings/{number}", notes)


def check_data_table(block: dict[str, Any], at: str, notes: Notes) -> None:
    """2-201 rows × 20 columns, 20,000 characters; a caption; pages of 1-100 rows."""
    if notes.has("caption", block, at):
        notes.string(block["caption"], 1, 3000, f"{at}/caption")
    if notes.has("rows", block, at):
        _check_rows(block["rows"], (2, 201), 20_000, at, notes)
    size = block.get("page_size", 5)
    if not isinstance(size, int) or not 1 <= size <= 100:
        notes.add(f"{at}/page_size", "must be between 1 and 100")


def _check_rows(rows: Any, size: tuple[int, int], characters: int, at: str, notes: Notes) -> None:
    if not check_size(rows, *size, f"{at}/rows", notes):
        return
    for number, row in enumerate(rows):
        here = f"{at}/rows/{number}"
        if check_size(row, 1, 20, here, notes):
            for column, cell in enumerate(row):
                _check_cell(cell, f"{here}/{column}", notes)
    if cell_text(rows) > characters:
        notes.add(f"{at}/rows", f"must be less than {characters + 1} characters in all")


def cell_text(value: Any) -> int:
    """Characters in the cells of rows."""
    if isinstance(value, list):
        return sum(cell_text(item) for item in value)
    if not isinstance(value, dict):
        return 0
    own = value.get("text", "")
    return (len(own) if isinstance(own, str) else 0) + cell_text(value.get("elements", []))


def _check_cell(cell: Any, at: str, notes: Notes) -> None:
    kind = cell.get("type") if isinstance(cell, dict) else None
    if kind == "raw_text":
        notes.only({"type", "text"}, cell, at)
        notes.string(cell.get("text"), 1, 10_000, f"{at}/text")
    elif kind == "raw_number":
        notes.only({"type", "value", "text"}, cell, at)
        notes.string(cell.get("text"), 1, 10_000, f"{at}/text")
        if isinstance(cell.get("value"), bool) or not isinstance(cell.get("value"), int | float):
            notes.add(f"{at}/value", "must provide a number")
    elif kind == "rich_text":
        check_rich_text(cell, at, notes)
    else:
        notes.add(f"{at}/type", f"unsupported type: {kind}")


def _check_column(column: Any, at: str, notes: Notes) -> None:
    if column is None:  # a column may be skipped
        return
    if not isinstance(column, dict):
        notes.add(at, "must provide an object")
        return
    notes.only({"align", "is_wrapped"}, column, at)
    if "align" in column:
        notes.among(column["align"], {"left", "center", "right"}, f"{at}/align")


def check_chart(block: dict[str, Any], at: str, notes: Notes) -> None:
    """line, bar or area with 1-12 series of at most 20 points, or a pie of 1-12 segments."""
    if notes.has("title", block, at):
        notes.string(block["title"], 1, 50, f"{at}/title")
    chart = block.get("chart")
    kind = chart.get("type") if isinstance(chart, dict) else None
    if isinstance(chart, dict) and kind == "pie":
        _check_pie(chart, f"{at}/chart", notes)
    elif isinstance(chart, dict) and kind in {"line", "bar", "area"}:
        _check_series(chart, f"{at}/chart", notes)
    else:
        notes.add(f"{at}/chart/type", f"unsupported type: {kind}")


def _check_pie(chart: dict[str, Any], at: str, notes: Notes) -> None:
    segments = chart.get("segments")
    if isinstance(segments, list) and check_size(segments, 1, 12, f"{at}/segments", notes):
        for number, segment in enumerate(segments):
            here = f"{at}/segments/{number}"
            notes.string(segment.get("label"), 1, 20, f"{here}/label")
            if not segment.get("value", 0) > 0:
                notes.add(f"{here}/value", "must be more than 0")
    else:
        notes.add(at, "missing required field: segments")


def _check_series(chart: dict[str, Any], at: str, notes: Notes) -> None:
    axis = chart.get("axis_config", {})
    categories = axis.get("categories", [])
    check_size(categories, 1, 20, f"{at}/axis_config/categories", notes)
    for name in {"x_label", "y_label"} & axis.keys():
        notes.string(axis[name], 1, 50, f"{at}/axis_config/{name}")
    series = chart.get("series")
    if not check_size(series, 1, 12, f"{at}/series", notes) or series is None:
        return
    for number, line in enumerate(series):
        here = f"{at}/series/{number}"
        notes.string(line.get("name"), 1, 20, f"{here}/name")
        _check_points(line.get("data", []), categories, f"{here}/data", notes)
    if len({line.get("name") for line in series}) < len(series):
        notes.add(f"{at}/series", "names must be unique")


def _check_points(points: Any, categories: list[str], at: str, notes: Notes) -> None:
    if not check_size(points, 1, 20, at, notes):
        return
    for number, point in enumerate(points):
        notes.string(point.get("label"), 1, 20, f"{at}/{number}/label")
    if {point.get("label") for point in points} != set(categories):
        notes.add(at, "every category needs a value")
