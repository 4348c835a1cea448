"""Around the bot: files with secrets, the time zone, the heartbeat's address."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from bot import __version__
from bot.config.settings import ScheduleSettings, Settings
from bot.delivery.line import refuse_open_road
from bot.doctor.checkup import Check, Checks, failed, ok, skipped, warning
from bot.errors import DeliveryError

_OTHERS = 0o077


def file_checks(secrets: Iterable[str], config: Path, settings: Settings) -> Checks:
    """Files that hold secrets must not be open to others. `secrets`: those that were read."""
    files = sorted(set(secrets))
    for name in files:
        if check := _open_to_others(Path(name), f"secret file {name}"):
            yield check
    if _has_password(settings.store.url) and (
        check := _open_to_others(config, f"secret file {config}")
    ):
        yield check
    loose = sum(_mode(Path(name)) & _OTHERS != 0 for name in files)
    if files and not loose:
        yield ok("secret files", f"{len(files)} read, none open to others")
    elif not files:
        yield skipped("secret files", "none: secrets come from the environment")


def _open_to_others(file: Path, name: str) -> Check | None:
    mode = _mode(file)
    if not mode & _OTHERS:
        return None
    return warning(name, f"others on this machine may use it ({mode:04o})", f"chmod 600 {file}")


def _mode(file: Path) -> int:
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return 0


def _has_password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return False


def zone_check(schedule: ScheduleSettings, now: datetime) -> Check:
    """What time it is for digests."""
    local = now.astimezone(schedule.zone)
    daily = schedule.digest.daily
    says = f"{schedule.timezone}: now {local:%Y-%m-%d %H:%M}"
    if daily:
        at = local.replace(hour=daily.at.hour, minute=daily.at.minute, fold=0)
        says += f"; the daily digest at {daily.at:%H:%M} is {at.astimezone(now.tzinfo):%H:%M} UTC"
    return ok("time zone", says)


def heartbeat_check(url: str) -> Check:
    """Whether a ping could go to the address; none is sent."""
    if not url:
        return skipped("heartbeat", "none: nobody outside misses the bot when it is gone")
    try:
        refuse_open_road(url)
    except DeliveryError:
        way_out = "set HEARTBEAT_URL to an https:// address"
        return failed("heartbeat", "heartbeat_url is not an https:// address", way_out)
    return ok("heartbeat", f"goes to {urlsplit(url).hostname}; none was sent now")


def program_check() -> Check:
    return ok("program", f"openai-budget-bot {__version__}")
