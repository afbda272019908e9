"""A hospital's way through the program: words, agreement, gateway and evidence, and no weapon in any."""

from __future__ import annotations

import json
import signal
from subprocess import PIPE

import pytest

from tests.cli.conftest import DRAFT, settle
from tests.cli.shell import Shell
from tests.cli.test_service import KNOWN, SETTINGS, call, model_server  # noqa: F401 - a fixture
from tests.vocabulary.test_health import DEFENCE

PACKS = ("health-vendor", "health-hospital")
PURPOSES = """\
[purposes.ordinary]
activity = "gen.office"

[purposes.pump]
activity = "care.device_control"
facts = { autonomy = "autonomous", effect = "clinical" }

[purposes.order]
activity = "care.treatment_decision"
facts = { autonomy = "semi_autonomous", effect = "clinical" }

[purposes.learning]
activity = "model.train_on_records"
facts = { data_origin = "own_records" }
"""


@pytest.fixture
def site(shell: Shell, home: object) -> Shell:
    """An agreement on the vendor's text in force, and a gateway's keys and settings."""
    settle(shell, home)  # type: ignore[arg-type]
    shell("key", "new", "department.example/gateway-1", "-o", "log.key")
    shell("key", "new", "department.example", "--site", "-o", "site.key")
    api = shell("key", "new", "desk/clerk", "--api", "--json").document
    shell.write("api-key", api["key"])
    model = f'[[models]]\nname = "tiny"\nfamily = "tiny"\ndigest = "sha256:{"6d" * 32}"\n'
    log = '[[logs]]\norigin = "department.example/gateway-1"\nkey = "log.pub"\n'
    shell.write("draft.toml", DRAFT.replace('"terms"', '"health-vendor"') + f"\n{model}\n{log}")
    for verb, who in (("offer draft.toml", "vendor"), ("accept", "customer"), ("agree", "vendor")):
        assert shell("agreement", *verb.split(), "talks", "--key", f"{who}.key").status == 0
    head, _, tail = SETTINGS.format(digest=api["key_sha256"]).partition("[purposes.ordinary]")
    actors = (
        tail[tail.index("[[actors]]") :]
        .replace('"profiles"', '"pump", "order", "learning"')
        .replace('"desk"', '"hospital"')
    )
    shell.write("brightline.toml", head + PURPOSES + "\n" + actors)
    return shell


@pytest.mark.usefixtures("model_server")
def test_a_hospital_is_served_on_its_own_words_and_its_evidence_verifies(site: Shell) -> None:
    process = site.process("serve", "--json", stdout=PIPE, stderr=PIPE)
    assert process.stdout is not None
    try:
        ready, key = json.loads(process.stdout.readline())["ready"], (site.folder / "api-key").read_text()
        said = {p: call(ready, key, **{"brightline-purpose": p}) for p in ("ordinary", "pump", "order", "learning")}
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert said["ordinary"].status == 200
    refused = {p: a.body["error"]["code"] for p, a in said.items() if a.status != 200}
    assert refused == {"pump": "use_denied", "order": "use_held", "learning": "fact_required"}
    assert said["pump"].body["error"]["brightline"]["clauses"][0]["id"] == "HV-1-autonomous"
    assert "clinician" in json.dumps(said["order"].body)
    site("evidence", "export", "-o", "out.bundle")
    document = site("verify", "out.bundle", "--agreement", "talks/agreement.json", *KNOWN, "--json").document
    assert document["verified"] is True
    outcomes = document["totals"]["outcomes"]
    assert [outcomes[o] for o in ("permit", "hold", "ask", "deny")] == [1, 1, 1, 1]
    explained = site("evidence", "explain", "out.bundle", "--agreement", "talks/agreement.json").out
    assert document["totals"]["activities"]["care.device_control"] == {"permit": 0, "hold": 0, "ask": 0, "deny": 1}
    for text in (json.dumps([a.body for a in said.values()]), json.dumps(document), explained):
        assert DEFENCE.findall(text) == []


@pytest.mark.parametrize("pack", PACKS)
def test_its_words_and_its_terms_show_no_weapon(shell: Shell, pack: str) -> None:
    for verb in (("vocabulary", "--pack", pack), ("terms", "lint", pack), ("terms", "test", pack)):
        said = shell(*verb)
        assert said.status == 0
        assert DEFENCE.findall(said.out) == []


def test_the_comparison_shows_no_weapon(shell: Shell) -> None:
    document = shell("compare", *PACKS, "--json").document
    assert document["complete"]
    assert not document["equivalent"]
    assert len(document["differences"]) > 20
    groups = {d["use"]["activity"].partition(".")[0] for d in document["differences"]}
    assert {"care", "study", "model"} <= groups
    assert DEFENCE.findall(json.dumps(document)) == []
    assert DEFENCE.findall(shell("compare", *PACKS).out) == []


def test_a_pack_in_other_words_is_no_party_to_it(shell: Shell) -> None:
    sentence = shell.fails("compare", "health-vendor", "customer")
    assert "its vocabulary is core, defence, that of the vendor is core, health — pin the same modules" in sentence
