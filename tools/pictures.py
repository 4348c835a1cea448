"""The README's pictures: messages of the sample as Slack shows them, light and dark side by side.

    make pictures

Renders `--output html` in a headless Chromium. Without one it says so and changes nothing.
"""

from __future__ import annotations

import html
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTH, HEIGHT = 640, 2_400
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
PICTURES = {"digest": ("digest",), "week": ("digest", "--period", "week")}
"""File name -> the command whose page it shows."""


def main() -> int:
    """Exit code 0, or 1 where no browser is installed."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.stderr.write(f"no Chromium is installed (tried {', '.join(BROWSERS)}): nothing drawn\n")
        return 1
    FOLDER.mkdir(exist_ok=True)
    for name, command in PICTURES.items():
        path = FOLDER / f"{name}.png"
        _draw(browser, _page(*command), path)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")
    return 0


def _page(*command: str) -> str:
    """The page of a dry run on the sample, without its switch of looks."""
    with tempfile.TemporaryDirectory() as charts:
        arguments = ["--dry-run", "--output", "html", "--charts", charts]
        config = ["--config", str(ROOT / "config.example.yaml")]
        bot = [sys.executable, "-m", "bot", *command, *arguments, *config]
        made = subprocess.run(bot, check=True, capture_output=True, text=True, cwd=ROOT)
    return made.stdout.replace("<nav>", '<nav style="display:none">')


def _in(look: str, page: str) -> str:
    """The page with another look chosen."""
    plain = page.replace(' checked="checked"', "")
    return plain.replace(f'id="{look}"', f'id="{look}" checked="checked"')


def _draw(browser: str, page: str, path: Path) -> None:
    frames = "".join(
        f'<iframe srcdoc="{html.escape(_in(look, page))}"></iframe>' for look in ("light", "dark")
    )
    style = f"body{{margin:0;display:flex}}iframe{{border:0;width:{WIDTH}px;height:{HEIGHT}px}}"
    with tempfile.TemporaryDirectory() as folder:
        both, shot = Path(folder, "both.html"), Path(folder, "shot.png")
        both.write_text(f"<meta charset=utf-8><style>{style}</style>{frames}", encoding="utf-8")
        size = f"--window-size={2 * WIDTH},{HEIGHT}"
        where = [f"--user-data-dir={folder}/profile", f"--screenshot={shot}", both.as_uri()]
        command = [browser, *FLAGS, size, *where]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        _save(shot, path)


def _save(shot: Path, path: Path) -> None:
    """The picture without the empty space below it, in 256 colours."""
    with Image.open(shot) as opened:
        picture = opened.convert("RGB")
    left = picture.crop((0, 0, WIDTH, picture.height))
    empty = Image.new("RGB", left.size, left.getpixel((2, left.height - 2)))
    box = ImageChops.difference(left, empty).getbbox()
    height = min((box[3] if box else picture.height) + 24, picture.height)
    shown = picture.crop((0, 0, picture.width, height))
    shown.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
