"""`brightline screen calibrate · report`: the screen on a customer's own texts, which never leave the machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brightline.cli.printing import Json, print_json, progress, refuse_existing, say, table, write_new
from brightline.errors import UseError
from brightline.vocabulary import shipped

if TYPE_CHECKING:
    from brightline.screen import Screen
    from brightline.screen.report import Labelled

app = typer.Typer(help="The screen: fit it to your own traffic, and see how well it does.", no_args_is_help=True)
Files = Annotated[list[str], typer.Argument(help='JSON Lines of {"text", "activity"}, or - for stdin.')]
MAX_LINE = 4 << 20
_EVERY = 10_000


@app.command("calibrate")
def calibrate(
    files: Files,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file of thresholds to write.")] = Path(
        "screen-thresholds.json"
    ),
    share: Annotated[
        float, typer.Option("--share", min=0.0, max=0.2, help="The share of benign texts that may be flagged.")
    ] = 0.01,
    as_json: Json = False,
) -> None:
    """Fit thresholds on benign texts of your own. Half of them fit, the other half says how often it errs."""
    # Imported here, so that the other verbs do not wait for numpy and the model.
    from brightline.screen import shipped_screen  # noqa: PLC0415
    from brightline.screen.calibrate import calibrate as fitted  # noqa: PLC0415
    from brightline.screen.calibrate import write_thresholds  # noqa: PLC0415

    refuse_existing(out)
    screen = shipped_screen(shipped())
    found = fitted(screen, _texts(files), share)
    data, digest = write_thresholds(screen, found.thresholds)
    write_new(out, data)
    raised = {n: t for n, t in found.thresholds.items() if t > screen.thresholds[n]}
    if as_json:
        print_json({
            "thresholds": str(out),
            "digest": digest,
            "fitted": found.fitted,
            "tried": found.tried,
            "flagged": found.flagged,
            "at_most": found.at_most,
            "raised": raised,
        })  # fmt: skip
        return
    say(f"{out}: {digest}")
    say(f"fitted on {found.fitted:,} texts; of {found.tried:,} others it flags {found.flagged:,}")
    say(f"with 95 % confidence it flags at most {_up(found.at_most)} of such texts")
    for name, threshold in raised.items():
        say(f"raised: {name} from {screen.thresholds[name]} to {threshold}; it will miss more")


@app.command("report")
def report(
    files: Files,
    thresholds: Annotated[
        Path | None, typer.Option("--thresholds", "-t", help="A file of thresholds; without it, those shipped.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How often texts are flagged that say what is expected of them ("expect": "clear" or "flagged")."""
    from brightline.screen import shipped_screen  # noqa: PLC0415
    from brightline.screen.calibrate import read_thresholds  # noqa: PLC0415
    from brightline.screen.report import count  # noqa: PLC0415
    from brightline.storage.files import read_file  # noqa: PLC0415

    screen: Screen = shipped_screen(shipped())
    digest = ""
    if thresholds:
        screen, digest = read_thresholds(screen, read_file(str(thresholds)), str(thresholds))
    counts = count(screen, _texts(files))
    if as_json:
        print_json({
            "model": screen.model.digest,
            "thresholds": digest or None,
            "counts": [c.to_json() for c in counts],
        })  # fmt: skip
        return
    rows = [
        [
            c.family or "all",
            c.expect,
            f"{c.texts:,}",
            f"{c.flagged:,}",
            f"{c.share:.1%}",
            f"{c.between[0]:.1%}–{_up(c.between[1])}",
            f"{c.not_screened:,}",
        ]
        for c in counts
    ]
    table(["family", "expected", "texts", "flagged", "share", "95 %", "not screened"], rows, "what the screen flags")


def _texts(files: list[str]) -> Iterator[Labelled]:
    """The labelled texts of all files, one by one. Raises UseError naming file and line, never the text."""
    from brightline.screen.report import read_labelled  # noqa: PLC0415

    words, number = shipped(), 0
    for name in files:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
            at = 0
            while line := file.readline(MAX_LINE + 1):
                at, number = at + 1, number + 1
                place = f"{'stdin' if name == '-' else name}:{at}"
                if len(line) > MAX_LINE:
                    raise UseError(f"a line over {MAX_LINE >> 20} MiB", place=place, cure="write one text a line")
                if line.strip():
                    yield read_labelled(words, line, place)
                if number % _EVERY == 0:
                    progress(f"{number:,} texts")


def _up(share: float) -> str:
    """A share as text, never rounded down: a bound that was rounded down would be false."""
    return f"{-(-share * 1000 // 1) / 10:.1f}%"
