"""The command line: `brightline VERB …` (DESIGN section 4). Exit status: 0 good, 1 the answer is "no", 2 a fault."""

from __future__ import annotations

import os
import sys
import traceback

import typer

from brightline.cli import (
    agreement,
    audit,
    brief,
    check,
    compare,
    decide,
    demo,
    desk,
    doctor,
    evidence,
    exception,
    guard,
    key,
    model,
    propose,
    registry,
    replay,
    rotate,
    screen,
    serve,
    terms,
    vocabulary,
    witness,
)
from brightline.cli.printing import WIDTH, fault, prepare_streams
from brightline.errors import BrightlineError

app = typer.Typer(
    name="brightline",
    help="Terms of use for AI models: negotiated, enforced and proven.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": WIDTH},
)
for module in (vocabulary, decide, replay, compare, propose, brief, check, serve, guard, doctor, demo):
    module.add(app)
app.add_typer(terms.app, name="terms")
app.add_typer(agreement.app, name="agreement")
app.add_typer(registry.app, name="registry")
app.add_typer(key.app, name="key")
app.add_typer(model.app, name="model")
app.add_typer(screen.app, name="screen")
app.add_typer(desk.app, name="desk")
app.add_typer(exception.app, name="exception")
app.add_typer(exception.glass, name="break-glass")
evidence.add(app)
key.app.command("rotate")(rotate.rotate)
app.add_typer(audit.app, name="audit")
app.add_typer(witness.app, name="witness")


def main() -> None:
    """Run one verb; a fault is one plain sentence on stderr that names place and cure, and exit status 2."""
    prepare_streams()
    try:
        status = _run(sys.argv[1:])
    except BrightlineError as e:
        status = fault(str(e))
    except typer.TyperException as e:
        status = _misused(e)
    except BrokenPipeError:
        # The reader has gone (`… | head`): nothing to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 2
    except KeyboardInterrupt:
        status = 130  # 128 + SIGINT, as shells count
    except OSError as e:
        status = fault(f"{e.filename or 'the machine'}: {e.strerror or e} — check the path, its rights and the disk")
    except Exception as e:  # noqa: BLE001 - a defect of ours: a traceback may show content, and status 1 would say "no"
        ours = [f for f in traceback.extract_tb(e.__traceback__) if f"{os.sep}brightline{os.sep}" in f.filename][-1]
        status = fault(f"{ours.filename}:{ours.lineno}: a defect ({type(e).__name__}) — report this line to us")
    raise SystemExit(status)


def _run(arguments: list[str]) -> int:
    """The exit status of the verb that the arguments name. Typer's own `app()` would end 1 where a pipe is closed."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("brightline", arguments) as context:
            command.invoke(context)
    except typer.Exit as e:
        return e.exit_code
    return 0


def _misused(error: typer.TyperException) -> int:
    """A verb, argument or option that is not there; or no verb at all, which is answered with the help."""
    context, text = getattr(error, "ctx", None), error.format_message()
    if context is not None and text == context.get_help():
        sys.stderr.write(f"{text}\n")
        return 2
    path = context.command_path if context is not None else "brightline"
    place = path.removeprefix("brightline").strip()
    text = text[:1].lower() + text[1:].rstrip(".")
    return fault(f"{place + ': ' if place else ''}{text} — see `{path} --help`")
