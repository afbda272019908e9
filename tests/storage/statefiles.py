"""Stories of the files beside the record, a witness's, the registry's and the desk's; and what must hold after them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from brightline.approvals import sign_roster
from brightline.assurance.witness import Request, Witness, attach
from brightline.canonical import dump
from brightline.gateway.registered import MEMORY, _remembered, _write
from brightline.keys import WitnessKey
from brightline.record import checkpoint
from brightline.registry import Kind, Version, read_registry
from brightline.registry.change import Remembered
from brightline.storage.desk import DeskFolder
from brightline.storage.published import WITNESSED, Published
from brightline.storage.registries import read_folder, write_folder
from brightline.storage.witness import WitnessFolder
from tests.agreement.founding import CUSTOMER
from tests.approvals import scene
from tests.assurance.test_witness import W1
from tests.cli import desks
from tests.live.stage import LOG_KEY

NOON = 1_796_126_400


def cosign(folder: Path) -> None:
    """A witness cosigns what is published, and the log keeps the cosignature."""
    published = Published(folder / "data" / "log")
    with WitnessFolder(folder / "witness", Witness(W1, {LOG_KEY.name: LOG_KEY.public})) as at_work:
        old = published.size if at_work.last(LOG_KEY.name) else 0
        answer = at_work.add_checkpoint(Request(old, (), published.checkpoint).to_bytes(), NOON)
    assert answer.status == 200, answer
    published.keep_witnessed(attach(published.checkpoint, answer.body, WitnessKey(W1.public)))


def cosigned(folder: Path) -> None:
    """What is kept is whole; a cosignature that the log has, the witness remembers."""
    place = folder / "data" / "log" / WITNESSED
    at_work = WitnessFolder(folder / "witness", Witness(W1, {LOG_KEY.name: LOG_KEY.public}))
    with at_work:
        kept = at_work.last(LOG_KEY.name)
    if place.exists():
        checkpoint.verify(place.read_bytes(), [LOG_KEY.public])
        assert kept is not None
    if kept is not None:
        assert checkpoint.verify(kept, [LOG_KEY.public]).size == Published(folder / "data" / "log").size


def register(folder: Path) -> None:
    """What owners signed elsewhere comes in, and the gateway remembers it."""
    made = read_folder(folder / "signed" / "registry")
    write_folder(folder / "registry", [Version.from_bytes(data, place) for place, data in made.items()])
    found = read_registry(read_folder(folder / "registry"), CUSTOMER.public)
    _write(folder / "data" / MEMORY, dump(Remembered.of(found).to_json()))


def registered(folder: Path) -> None:
    """What is there is a registry, if not yet all of it; what is remembered stands in it."""
    if any((folder / "registry" / Kind.OWNERS).glob("*.json")):
        found = read_registry(read_folder(folder / "registry"), CUSTOMER.public)
        assert not found.refused
        remembered = _remembered(folder / "data" / MEMORY)
        assert remembered is None or remembered.heads == Remembered.of(found).heads


def post(folder: Path) -> None:
    """A desk is made, and two holds with their content are posted."""
    opened = DeskFolder.make(folder / "desk", desks.agreed(), sign_roster(scene.roster(), scene.CUSTOMER))
    begun = len(list((folder / "desk" / "posted").glob("*.json")))
    for what in (begun, begun + 1):
        desks.posted(opened, scene.act(b"%d" % what), NOON * 1000)


def posted(folder: Path) -> None:
    """Where there is a desk, nothing of it is void; without its roster it says so."""
    if (folder / "desk" / "agreement.json").exists():
        assert DeskFolder.open(folder / "desk").void == []


STORIES: dict[str, Callable[[Path], None]] = {"witnessed": cosign, "registry": register, "desk": post}
CHECKS: dict[str, Callable[[Path], None]] = {"witnessed": cosigned, "registry": registered, "desk": posted}
