"""`bot check` and `bot digest`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot import app as flow
from bot.alerts.model import Severity
from bot.commands.common import configuration, console, note
from bot.commands.printing import print_json
from bot.commands.progress import shown
from bot.config.load import Configuration
from bot.context import App
from bot.delivery.heartbeat import open_heartbeat, watched
from bot.errors import UsageError
from bot.logs import harmless, write_logs
from bot.messages.text import hang, render
from bot.report import Judged, Report, as_json
from bot.spend.calendar import Unit, day_name
from bot.store.outbox import Outbox
from bot.wiring import dry_app, real_app

DEFAULT_CHARTS = Path("charts")
_MARKS = {Severity.INFO: "·", Severity.WARNING: "!", Severity.CRITICAL: "‼"}
_COLOURS = {
    Severity.INFO: "bold",
    Severity.WARNING: "bold yellow",
    Severity.CRITICAL: "bold red",
}


def run_check(
    *,
    config: Path | None,
    dry_run: bool,
    as_of: datetime | None,
    output: str,
    charts: Path | None,
    fail_on: str | None,
    log_format: str | None = None,
) -> int:
    """Exit code of the main job."""
    _log_as(log_format)
    loaded = configuration(config)
    folder = _charts_folder(charts, dry_run)
    job = previewed_check if dry_run else flow.check
    report = run_job(loaded, job, opened=partial(_opened, loaded, dry_run, as_of), dry_run=dry_run)
    report = _with_charts(report, folder)
    _show(report, output, dry_run)
    return exit_code(report, Severity(fail_on) if fail_on else None)


def run_digest(
    *,
    config: Path | None,
    dry_run: bool,
    as_of: datetime | None,
    output: str,
    charts: Path | None,
    period: str,
    log_format: str | None = None,
) -> int:
    """Exit code of the digest."""
    _log_as(log_format)
    loaded = configuration(config)
    folder = _charts_folder(charts, dry_run)
    job = partial(flow.digest, unit=Unit(period))
    report = run_job(loaded, job, opened=partial(_opened, loaded, dry_run, as_of), dry_run=dry_run)
    report = _with_charts(report, folder)
    _show(report, output, dry_run)
    return exit_code(report, None)


def run_job(
    loaded: Configuration,
    job: Callable[[App], Report],
    *,
    opened: Callable[[], AbstractContextManager[App]],
    dry_run: bool = False,
) -> Report:
    """The report of a job; who watches from outside hears that it began and how it ended."""
    settings = loaded.settings
    url = "" if dry_run else settings.heartbeat_url.get_secret_value()
    with watched(open_heartbeat(url, settings.slack.proxy)) as watch, opened() as app:
        report = job(shown(app))
        watch.trouble = None if dry_run else _worth_an_alarm(app, report)
    return report


def previewed_check(app: App) -> Report:
    """A check, and the digest that would be posted now."""
    return flow.preview_digest(app, flow.check(app))


def _worth_an_alarm(app: App, report: Report) -> str | None:
    """Why the one who watches should worry; None once nothing waits in the outbox."""
    if report.blind:
        return f"the bill could not be read: {report.blind[0].message}"
    if report.undelivered:
        return f"a message could not be delivered: {report.undelivered[0][1]}"
    waiting = len(Outbox(app.database).waiting())
    return f"{waiting} messages wait in the outbox" if waiting else None


def _opened(
    loaded: Configuration, dry_run: bool, as_of: datetime | None
) -> AbstractContextManager[App]:
    return dry_app(loaded, as_of) if dry_run else real_app(loaded, as_of)


def _log_as(form: str | None) -> None:
    if form:
        write_logs(form)


def _charts_folder(asked: Path | None, dry_run: bool) -> Path | None:
    """Where charts are written, if anywhere. Raises UsageError before anything is told."""
    if asked is None:
        return DEFAULT_CHARTS if dry_run else None
    try:
        asked.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--charts {asked}: {error.strerror}", hint="name a folder that can be written"
        ) from None
    return asked


def _with_charts(report: Report, folder: Path | None) -> Report:
    """The report with all charts of its digest written to the folder; without what cannot be."""
    if folder is None or not report.plots:
        return report
    from bot.messages.charts import png  # noqa: PLC0415 - only where there are charts
    from bot.messages.digest_charts import IN_FOLDER, file_name  # noqa: PLC0415

    drawn = {chart.name: chart.png for message in report.messages for chart in message.charts}
    paths = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (file_name(chart) for chart in IN_FOLDER if chart in report.plots):
            path = folder / name
            picture = drawn.get(name)
            with harmless(f"the chart {path.stem} could not be drawn"):
                picture = picture or png(report.plots[path.stem])
            if picture:
                path.write_bytes(picture)
                paths[name] = str(path)
    except OSError as error:
        note(f"bot: no charts in {folder}: {error.strerror}")
    return replace(report, chart_paths=paths)


def _show(report: Report, output: str, dry_run: bool) -> None:
    if output == "json":
        print_json(as_json(report))
    elif output == "html":
        from bot.messages.html import page  # noqa: PLC0415 - only for this output

        sys.stdout.write(page(report.messages, report.as_of, report.data.currency.sign))
    else:
        _print(report, console(), dry_run)
    note_trouble(report)


def note_trouble(report: Report) -> None:
    """What went wrong, on stderr."""
    for message, hint in report.trouble:
        note(f"bot: {message}" + (f"\n  {hint}" if hint else ""))
    for why in dict.fromkeys(why for _, why in report.undelivered):
        keys = [key for key, reason in report.undelivered if reason == why]
        note(f"bot: not delivered, kept in the outbox: {', '.join(keys)}\n  {why}")


def _print(report: Report, out: Console, dry_run: bool) -> None:
    _print_data(report, out)
    _print_findings(report, out)
    if report.skipped:
        out.print(Text("Could not be judged", "bold"))
    for skipped in report.skipped:
        words = Text(f"{skipped.rule}, {skipped.subject}: {skipped.why}")
        hang(Text("  "), words, out, out.width)
    if dry_run:
        for message in report.messages:
            out.print()
            render(message, out)
        out.print()
        out.print(Text("Dry run: nothing was sent, nothing was remembered.", "dim"))
    elif report.sent:
        out.print(f"{report.sent} {'message' if report.sent == 1 else 'messages'} sent.")
    for path in report.chart_paths.values():
        out.print(Text(f"chart: {path}", "dim"))


def _print_data(report: Report, out: Console) -> None:
    data = report.data
    last = day_name(data.last_finished_day) if data.last_finished_day else "none"
    rows = data.rows
    out.print(
        Text(
            f"As of {report.as_of:%Y-%m-%d %H:%M} UTC · last finished day {last}\n"
            f"{rows['costs']:,} cost rows, {rows['usage']:,} usage rows",
            "dim",
        )
    )
    if data.missing_days:
        out.print(_missing(data.missing_days))


def _missing(days: Sequence[date]) -> str:
    """`Thu 19 Nov is missing: …`: no sum below holds all of it."""
    many = f"{len(days)} days are missing ({day_name(days[0])} to {day_name(days[-1])})"
    what = f"{day_name(days[0])} is missing" if len(days) == 1 else many
    return f"{what}: not read whole, only what was known before counts."


def _print_findings(report: Report, out: Console) -> None:
    if not report.judged:
        out.print(_nothing_found(report))
        return
    many = "finding" if len(report.judged) == 1 else "findings"
    out.print(Text(f"{len(report.judged)} {many}", "bold"))
    # A pipe gets a finding's headline on one line, for whoever searches it.
    width = out.width if out.is_terminal else sys.maxsize
    severities = max(len(judged.finding.severity) for judged in report.judged)
    for judged in report.judged:
        before, headline, under = _finding_parts(judged, severities)
        hang(before, headline, out, width)
        hang(Text(" " * before.cell_len), under, out, width)


def _nothing_found(report: Report) -> str:
    """Silence means little where not everything could be seen."""
    if report.blind or report.skipped:
        return "No finding, but not everything could be seen: see below."
    return "Nothing is over its limits."


def _finding_parts(judged: Judged, severities: int) -> tuple[Text, Text, Text]:
    """What stands before a finding, its headline, and what stands below it."""
    finding = judged.finding
    mark = f" {_MARKS[finding.severity]} {finding.severity.value.ljust(severities)} "
    under = Text(f"{finding.rule} · {judged.reason.value}", "dim")
    return Text(mark, _COLOURS[finding.severity]), Text(finding.headline), under


def exit_code(report: Report, fail_on: Severity | None) -> int:
    """0, or the code of what went wrong; a message not delivered first."""
    if report.undelivered:
        return 5
    if report.blind:
        return 4
    if fail_on and report.worst and report.worst.rank >= fail_on.rank:
        return 1
    return 0
