"""What only a real process shows: exit status, signals, closed and full pipes, terminals, other encodings."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
from subprocess import PIPE

import pytest

from tests.cli.shell import SOURCE, Shell


def test_the_program_says_what_the_stories_say(user: Shell) -> None:
    for arguments in (("decide", "terms", "-", "--json"), ("terms", "lint", "nope")):
        process = user.process(*arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        out, err = process.communicate(b'{"activity": "surv.profile"}')
        said = user(*arguments, stdin='{"activity": "surv.profile"}')
        assert (process.returncode, out.decode(), err.decode()) == (said.status, said.out, said.err)


@pytest.mark.parametrize("arguments", [(), ("terms",)], ids=["none", "terms"])
def test_without_a_verb_the_help_goes_to_stderr(shell: Shell, arguments: tuple[str, ...]) -> None:
    process = shell.process(*arguments, stdout=PIPE, stderr=PIPE)
    out, err = process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert b"Commands:" in err


def test_ctrl_c_ends_quietly(user: Shell) -> None:
    os.mkfifo(user.folder / "slow.json")
    process = user.process("decide", "terms", "slow.json", stdout=PIPE, stderr=PIPE)
    with (user.folder / "slow.json").open("wb"):  # opens as soon as the program reads, so it is past its start
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_reader_who_has_gone_is_no_news(shell: Shell, form: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = shell.process("vocabulary", *form, stdout=writer, stderr=PIPE)
    os.close(writer)
    _, err = process.communicate()
    assert (process.returncode, err) == (2, b"")  # not 1: nobody answered "no"


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_full_disk_is_named(shell: Shell, form: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        process = shell.process("vocabulary", *form, stdout=full, stderr=PIPE)
        _, err = process.communicate()
    assert process.returncode == 2
    assert err.decode().startswith("brightline: the machine: No space left on device — check")


@pytest.mark.parametrize(
    ("shut", "status", "words"), [("<&-", 2, "stdin: no use in it"), (">&-", 1, ""), ("2>&-", 1, "")]
)
def test_a_stream_that_the_shell_closed(user: Shell, shut: str, status: int, words: str) -> None:
    python = subprocess.list2cmdline([sys.executable, "-m", "brightline.cli"])
    line = f"{python} decide terms - {shut}" if shut == "<&-" else f"{python} decide vendor no.json {shut}"
    user.write("no.json", '{"activity": "surv.bulk_analysis", "facts": {"protected_persons": "bulk"}}')
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=user.folder,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == status
    assert words in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_json_is_utf_8_wherever_it_goes(user: Shell) -> None:
    user.change("terms/terms.cedar", "Ordinary work", "Gewöhnliche Arbeit — erlaubt")
    process = user.process("decide", "terms", "use.json", "--json", stdout=PIPE, env={"PYTHONIOENCODING": "latin-1"})
    out, _ = process.communicate()
    assert "Gewöhnliche Arbeit — erlaubt" in json.loads(out.decode("utf-8"))["text"]


def on_terminal(shell: Shell, columns: int, *arguments: str) -> str:
    """What a terminal of that width is sent."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, columns))
    environment = {"COLUMNS": "", "TERM": "xterm-256color"}
    process = shell.process(*arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    sent = b""
    while chunk := _read(ours):
        sent += chunk
    process.wait()
    os.close(ours)
    return sent.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the program has gone
        return b""


def plain(sent: str) -> str:
    """Without colours."""
    return "".join(part.partition("m")[2] if n else part for n, part in enumerate(sent.split("\x1b[")))


@pytest.mark.parametrize(("columns", "most"), [(60, 60), (300, 100)])
def test_text_keeps_to_the_terminal_and_to_100_columns(user: Shell, columns: int, most: int) -> None:
    user.write("ask.json", '{"activity": "surv.bulk_analysis"}')
    sent = on_terminal(user, columns, "decide", "compromise", "ask.json")
    lines = plain(sent).replace("\r", "").splitlines()
    assert len(lines) > 1
    assert all(len(line) <= most for line in lines), lines
    assert "ask" in lines[0]
    assert "\x1b[" in sent  # coloured


def test_nothing_is_coloured_or_wrapped_in_a_pipe(user: Shell) -> None:
    user.write("ask.json", '{"activity": "surv.bulk_analysis"}')
    process = user.process("decide", "compromise", "ask.json", stdout=PIPE)
    out, _ = process.communicate()
    assert b"\x1b" not in out
    assert max(map(len, out.splitlines())) > 100


def test_a_defect_of_ours_ends_2_and_shows_no_content(shell: Shell) -> None:
    code = """
import sys, brightline.cli.vocabulary as v
from brightline.cli import main
def broken(_): raise KeyError("what a prompt said")
v._show = broken
sys.argv = ["brightline", "vocabulary"]
main()
"""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=shell.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "vocabulary.py:" in done.stderr
    assert "a defect (KeyError)" in done.stderr
    assert "prompt" not in done.stderr
    assert done.stderr.count("\n") == 1
