"""The command line: `brightline VERB …` (DESIGN section 4). Exit status: 0 good, 1 the answer is "no", 2 a fault."""

from __future__ import annotations

import os
import sys

import typer

from brightline.cli import agreement, decide, demo, evidence, key, serve, terms, vocabulary
from brightline.errors import BrightlineError

app = typer.Typer(
    name="brightline",
    help="Terms of use for AI models: negotiated, enforced and proven.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (vocabulary, decide, serve, demo):
    module.add(app)
app.add_typer(terms.app, name="terms")
app.add_typer(agreement.app, name="agreement")
app.add_typer(key.app, name="key")
evidence.add(app)


def main() -> None:
    """Run one verb; a fault is one plain sentence on stderr that names place and cure, and exit status 2."""
    try:
        app()
    except BrightlineError as e:
        sys.stderr.write(f"brightline: {e}\n")
        raise SystemExit(2) from None
    except BrokenPipeError:
        # The reader has gone (`… | head`): nothing to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(2) from None
    except OSError as e:
        sys.stderr.write(f"brightline: {e.filename or 'the machine'}: {e.strerror or e}\n")
        raise SystemExit(2) from None
