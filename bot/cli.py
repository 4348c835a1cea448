"""The commands: arguments in, exit codes out. What they do lives elsewhere and is loaded late,
so that `--help` needs nothing but click.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from bot import __version__
from bot.errors import BotError
from bot.logs import bugs, crash, say

OK, FAIL_ON, USAGE, BUG = 0, 1, 2, 70
_YEARS = range(2000, 2200)


class InstantType(click.ParamType[datetime]):
    """An ISO 8601 instant; without an offset it is UTC."""

    name = "instant"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(str(value).strip())
            instant = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no ISO 8601 instant; write 2026-11-20T09:30:00Z", param, ctx)
        if instant.year not in _YEARS:
            self.fail(f"{value!r} is not in the years 2000 to 2199", param, ctx)
        return instant


class DayType(click.ParamType[date]):
    """A UTC day, as 2026-11-20."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            day = datetime.strptime(str(value).strip(), "%Y-%m-%d").date()  # noqa: DTZ007 - a date
        except ValueError:
            self.fail(f"{value!r} is no day; write 2026-11-20", param, ctx)
        if day.year not in _YEARS:
            self.fail(f"{value!r} is not in the years 2000 to 2199", param, ctx)
        return day


_config = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Configuration file.  [default: config.yaml, else $BOT_CONFIG]",
)


def _output_option(kinds: Sequence[str], words: str) -> Callable[..., Any]:
    return click.option(
        "--output", type=click.Choice(kinds), default="text", show_default=True, help=words
    )


_output = _output_option(["text", "json"], "For people, or one JSON document.")
_job_output = _output_option(
    ["text", "json", "html"],
    "For people, one JSON document, or a page that shows the messages as Slack would.",
)

_log_format = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    help="Write what goes to stderr as logs: a line per event, with its time.",
)


def _job_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--charts",
            type=click.Path(path_type=Path, file_okay=False),
            help="Write the charts as PNG files here.  [default with --dry-run: charts/]",
        ),
        _log_format,
        _job_output,
        click.option(
            "--as-of",
            type=InstantType(),
            help="Judge as of this instant, e.g. 2026-11-20T09:30:00Z (UTC unless it says "
            "otherwise).  [default: now; for the sample or a recording its own instant]",
        ),
        click.option(
            "--dry-run",
            is_flag=True,
            help="Fetch and judge, and show what would be sent: nothing is sent or remembered.",
        ),
        _config,
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88})
@click.version_option(__version__, prog_name="bot")
def bot() -> None:
    """Budget Bot watches an OpenAI bill, checks it against YAML rules, and tells Slack.

    To begin: `bot check --dry-run --config config.example.yaml` needs no key and sends nothing.

    \b
    Exit codes:
      0   done, whatever was found
      1   --fail-on was hit; health: not healthy; doctor: something failed
      2   usage: the command line is wrong
      3   configuration, rules or database
      4   a part of the bill could not be read; the rest was judged and told
      5   a message could not be delivered; it is kept and sent by a later run
      70  a bug; where it stopped only a part, the rest was judged and told
    """


@bot.command(short_help="Write a configuration and first rules for your organisation.")
@click.option(
    "--source",
    type=click.Choice(["openai", "sample", "recording"]),
    help="Where the bill comes from.  [asked for on a terminal; else needed]",
)
@click.option(
    "--path",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the recording, with --source recording.",
)
@click.option("--base-url", help="Another address of the OpenAI API, e.g. of a data region.")
@click.option("--channel", help="Slack channel of alerts and digests.  [default: #llm-costs]")
@click.option("--timezone", help="Time zone of digests, e.g. Europe/Berlin.  [default: UTC]")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write.  [default: config.yaml]",
)
@click.option(
    "--rules",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write budget.yaml to.  [default: rules/, or budget-rules/ if that is taken]",
)
@click.option("--yes", is_flag=True, help="Ask nothing: flags and defaults.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@click.option("--as-of", type=InstantType(), hidden=True)
def init(**options: Any) -> int:
    """Write config.yaml and first rules for your organisation.

    Looks at the history of the bill and proposes a round number above the usual busy day for the
    organisation and each larger project, a monthly budget and a spike rule; shows how often they
    would have spoken. Nothing is sent to Slack, and no secret is written: keys stay in the
    environment.
    """
    from bot.commands.answers import Flags  # noqa: PLC0415
    from bot.commands.init import run_init  # noqa: PLC0415

    return run_init(Flags(**options))


@bot.command(short_help="Fetch the bill, judge it, and alert: the main job.")
@_job_options
@click.option(
    "--fail-on",
    type=click.Choice(["warning", "critical"]),
    help="Exit 1 if a finding of this severity or worse holds, told before or not.",
)
def check(**options: Any) -> int:
    """Fetch the bill, judge it by the rules, and alert: the main job.

    Each alert is sent once, however often this runs. With --dry-run it also shows the digest that
    `bot digest` would post.
    """
    from bot.commands.jobs import run_check  # noqa: PLC0415

    return run_check(**options)


@bot.command(short_help="Post the summary of a day, week or month.")
@_job_options
@click.option(
    "--period",
    type=click.Choice(["day", "week", "month"]),
    default="day",
    show_default=True,
    help="What to sum up: the last finished one.",
)
def digest(**options: Any) -> int:
    """Fetch the bill, then compose and post the summary of the last finished day, week or month.

    Posted once per period and local date, however often this runs.
    """
    from bot.commands.jobs import run_digest  # noqa: PLC0415

    return run_digest(**options)


@bot.command("run", short_help="The worker: checks and digests by the clock, until told to stop.")
@_config
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Logs on stderr: for people, or one JSON object per line.",
)
def run_command(config: Path | None, log_format: str) -> int:
    """Check and post digests by the clock, as `schedule` in the configuration says.

    Stops on SIGTERM or Ctrl-C, at once when idle. Every run reads configuration and rules anew.
    """
    from bot.config.whereabouts import config_path  # noqa: PLC0415
    from bot.worker.loop import run_worker  # noqa: PLC0415

    return run_worker(config_path(config), log_format)


@bot.command("listen", short_help="Buttons and /budget in Slack, until told to stop.")
@_config
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Logs on stderr: for people, or one JSON object per line.",
)
@click.option("--child", is_flag=True, hidden=True)
def listen_command(config: Path | None, log_format: str, child: bool) -> int:
    """Act on what people press and on `/budget`, over Socket Mode, until told to stop.

    `bot run` does this by itself. Needs slack.app_token; opens no port.
    """
    from bot.listening.listen import run_listen  # noqa: PLC0415

    return run_listen(config, log_format, is_child=child)


@bot.command(hidden=True)
@click.argument("what", type=click.Choice(["plan", "check", "digest"]))
@_config
@click.option("--period", default="day")
@click.option("--scheduled", type=DayType())
@click.option("--missed", type=int, default=0)
@click.option("--memory-mb", type=int, required=True)
def errand(memory_mb: int, **options: Any) -> int:
    """What the worker has a child process do."""
    from bot.logs import JSON, write_logs  # noqa: PLC0415
    from bot.worker.children import limit_memory  # noqa: PLC0415

    write_logs(JSON)
    limit_memory(memory_mb)
    try:
        from bot.commands.errand import run_errand  # noqa: PLC0415

        return run_errand(**options)
    except MemoryError:
        say(f"bot: the run needed more than worker.memory_mb, {memory_mb} MB")
        return BUG


@bot.command(short_help="Fetch or back-fill the bill, and nothing else.")
@_config
@click.option(
    "--since",
    type=DayType(),
    help="Fetch from this UTC day on, e.g. 2026-10-01.  "
    "[default: what is not settled yet; at first all of history_days]",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path, file_okay=False),
    help="Save the raw pages to this new folder, to be replayed as a recording.",
)
@click.option("--as-of", type=InstantType(), hidden=True)
def fetch(**options: Any) -> int:
    """Fetch or back-fill the bill, and nothing else: no rule is judged, nothing is sent."""
    from bot.commands.fetch import run_fetch  # noqa: PLC0415

    return run_fetch(**options)


@bot.command(short_help="What fires, what waits, how fresh the data is.")
@_config
@_output
@click.option("--as-of", type=InstantType(), hidden=True)
def status(**options: Any) -> int:
    """What fires, what waits in the outbox, and how fresh the data is.

    Nothing is fetched. Exit 5 while a message waits that could not be delivered.
    """
    from bot.commands.status import run_status  # noqa: PLC0415

    return run_status(**options)


@bot.command(short_help="Silence an alert for a while.")
@click.argument("key", metavar="KEY")
@click.argument("length", required=False, metavar="[4h|7d|0]")
@click.option("--until", type=InstantType(), help="Silent until this instant.")
@click.option("--off", is_flag=True, help="End the silence now; so does a length of 0.")
@_config
@click.option("--as-of", type=InstantType(), hidden=True)
def snooze(**options: Any) -> int:
    """Silence an alert for a while: `bot snooze KEY 4h`, also 30m, 7d or --until INSTANT.

    Nothing is said of it until then, whatever happens; if it still holds at the end, that is told.
    KEY is shown by `bot status`; its beginning is enough where only one begins so.
    """
    from bot.commands.alerts import run_snooze  # noqa: PLC0415

    return run_snooze(**options)


@bot.command(short_help="Acknowledge an alert: somebody has it in hand.")
@click.argument("key", metavar="KEY")
@click.option("--by", help="Who has it in hand; shown in Slack.")
@_config
@click.option("--as-of", type=InstantType(), hidden=True)
def ack(**options: Any) -> int:
    """Acknowledge an alert: it is not repeated, and worse is told only if it becomes critical.

    A new step of a cap and a correction are still told. It ends a snooze. KEY is shown by
    `bot status`; its beginning is enough where only one begins so.
    """
    from bot.commands.alerts import run_ack  # noqa: PLC0415

    return run_ack(**options)


@bot.command(short_help="Replay the history against rules.")
@_config
@click.option(
    "--rules",
    type=click.Path(path_type=Path, exists=True),
    help="Judge by this rule file or folder.  [default: the configuration's]",
)
@click.option("--since", type=DayType(), help="First UTC day.  [default: the first one held]")
@click.option("--until", type=DayType(), help="Last UTC day.  [default: the last finished one]")
@click.option(
    "--compare",
    type=click.Path(path_type=Path, exists=True),
    help="Another rule file or folder; show what only one of the two would tell.",
)
@click.option(
    "--target",
    metavar="RATE",
    help='Propose thresholds that keep the rules within a rate, e.g. "2 per week".',
)
@click.option(
    "--chart",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the history with each alert marked, to this PNG file.",
)
@_output
@click.option("--as-of", type=InstantType(), help="Know nothing after this instant.")
def backtest(**options: Any) -> int:
    """Replay the history against rules: what they would have told, day by day.

    Nothing is fetched from OpenAI, sent or remembered.
    """
    from bot.commands.backtest import Wishes, run_backtest  # noqa: PLC0415

    return run_backtest(Wishes(**options))


@bot.command(short_help="The numbers behind an alert or a quiet day.")
@click.argument("key", required=False, metavar="[ALERT_KEY]")
@click.option("--rule", help="Name of a rule, instead of an alert's key.")
@click.option("--subject", help="Id or name of whom it is about.  [default: the organisation]")
@click.option("--day", type=DayType(), help="UTC day; a cap explains the period it lies in.")
@_config
@_output
@click.option("--as-of", type=InstantType(), help="Know nothing after this instant.")
def explain(**options: Any) -> int:
    """The numbers and formula behind an alert, or behind a day on which there was none.

    ALERT_KEY is the key of an alert as `bot status` and the JSON show it; or name --rule,
    --subject and --day.
    """
    from bot.commands.explain import run_explain  # noqa: PLC0415

    return run_explain(**options)


@bot.command(short_help="What is held, as CSV, JSON or Parquet.")
@click.argument("what", type=click.Choice(["costs", "usage", "alerts"]))
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "parquet"]),
    default="csv",
    show_default=True,
    help="Parquet needs the package extra `parquet`.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, whole or not at all.  [default: stdout]",
)
@click.option("--since", type=DayType(), help="First UTC day.  [default: all that is held]")
@click.option("--until", type=DayType(), help="Last UTC day.  [default: today]")
@_config
def export(**options: Any) -> int:
    """Write the costs, usage or alerts that are held. Nothing is fetched.

    Ids come with their names; amounts are exact; days are UTC. In CSV a text that a spreadsheet
    would take for a formula begins with an apostrophe.
    """
    from bot.commands.export import run_export  # noqa: PLC0415

    return run_export(**options)


@bot.command(short_help="What works, what does not, and how to mend it.")
@_config
@_output
@click.option(
    "--send-test",
    is_flag=True,
    help="Post a test message with a chart in the default channel: the whole way of an alert.",
)
def doctor(**options: Any) -> int:
    """Look at everything the bot needs: keys, scopes, channels, clock, database, data and rules.

    Each line is ok, a warning, or failed with the way out. Nothing is written or sent but with
    --send-test. Exit 1 if something failed; a warning does not count.
    """
    from bot.commands.doctor import run_doctor  # noqa: PLC0415

    return run_doctor(**options)


@bot.command(short_help="Any chart, as PNG or SVG.")
@click.argument("name", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write: .png or .svg.  [default: NAME.png]",
)
@click.option("--list", "listed", is_flag=True, help="List the charts there are.")
@click.option(
    "--period",
    type=click.Choice(["day", "week", "month"]),
    default="day",
    show_default=True,
    help="As in the digest of a day or week (30 days), or of the last month.",
)
@_config
@click.option("--as-of", type=InstantType(), help="Know nothing after this instant.")
def chart(**options: Any) -> int:
    """Draw a chart of what is held, as PNG or SVG. Nothing is fetched, sent or remembered."""
    from bot.commands.chart import run_chart  # noqa: PLC0415

    return run_chart(**options)


@bot.command(short_help="Alive and fresh? Exit 0 or 1, at once.")
@_config
@_output
def health(**options: Any) -> int:
    """Is the bot alive and its data fresh? Exit 0 or 1, in milliseconds.

    Not healthy: no whole fetch by `bot check` or `bot digest` for 26 hours, a message that has
    waited for an hour, or trouble in the last run.
    """
    from bot.health import report  # noqa: PLC0415

    return report(options["config"], options["output"], os.environ)


@bot.group()
def config() -> None:
    """Check the configuration, or print its JSON Schema."""


@config.command("validate")
@_config
def config_validate(**options: Any) -> int:
    """Check configuration and rules; every mistake in one report."""
    from bot.commands.configuration import run_validate  # noqa: PLC0415

    return run_validate(**options)


@config.command("schema")
def config_schema() -> int:
    """Print the JSON Schema of config.yaml, for editors."""
    from bot.commands.configuration import run_schema  # noqa: PLC0415

    return run_schema()


@bot.group()
def rules() -> None:
    """Check, test, list and explain rules."""


@rules.command("validate", short_help="Check rules; every mistake in one report.")
@_config
@click.argument("path", type=click.Path(path_type=Path), required=False)
def rules_validate(**options: Any) -> int:
    """Check the rules of the configuration, or of PATH (a file or folder).

    Every mistake is in one report.
    """
    from bot.commands.rules import run_rules_validate  # noqa: PLC0415

    return run_rules_validate(**options)


@rules.command("test", short_help="Run unit tests of rules: a bill in YAML, findings out.")
@click.argument(
    "paths",
    type=click.Path(path_type=Path, exists=True),
    nargs=-1,
    required=True,
    metavar="FILE...",
)
@_output
def rules_test(**options: Any) -> int:
    """Run unit tests of rules: each case writes a bill down, and what the rules must say of it.

    FILE is a YAML file of tests or a folder of them; docs/testing-rules.md shows how they are
    written. Exit 0 if all passed, 1 if one did not, 3 if a file is wrong.
    """
    from bot.commands.ruletest import run_rules_test  # noqa: PLC0415

    return run_rules_test(**options)


@rules.command("list")
@_config
@_output
def rules_list(**options: Any) -> int:
    """List the rules, also those that are off."""
    from bot.commands.rules import run_list  # noqa: PLC0415

    return run_list(**options)


@rules.command("explain", short_help="The manual page of a rule kind.")
@click.argument("kind", required=False)
def rules_explain(**options: Any) -> int:
    """Print the manual page of a rule KIND; without one, the list of kinds."""
    from bot.commands.rules import run_explain  # noqa: PLC0415

    return run_explain(**options)


@rules.command("schema")
def rules_schema() -> int:
    """Print the JSON Schema of a rules file, for editors."""
    from bot.commands.rules import run_rules_schema  # noqa: PLC0415

    return run_rules_schema()


def run(arguments: Sequence[str]) -> int:
    """The exit code of a command line. Errors go to stderr, in a line or two."""
    _show_what_the_terminal_can()
    try:
        return _carried_out(arguments)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return USAGE
    except BotError as error:
        say(f"bot: {error}")
        return error.exit_code
    except (BrokenPipeError, SystemExit):  # click and rich make an exit of a broken pipe
        _let_go_of_stdout()
        return OK
    except Exception:  # noqa: BLE001 - the one boundary: whatever arrives here is a bug
        crash("bot: this is a bug; please report the lines above (exit 70)")
        return BUG


def _carried_out(arguments: Sequence[str]) -> int:
    bugs()
    code = int(bot.main(list(arguments), prog_name="bot", standalone_mode=False) or OK)
    sys.stdout.flush()
    return BUG if bugs() and code in (OK, FAIL_ON) else code


def _show_what_the_terminal_can() -> None:
    """A character that the terminal's encoding lacks is shown as `?`; it is no bug."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _let_go_of_stdout() -> None:
    """Whoever read our output has gone: what is still buffered goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
