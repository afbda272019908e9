"""A gateway's own record, replayed: the decisions come back as they were, what was erased does not, nothing is kept."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from brightline.errors import StorageError, UseError
from brightline.gateway.codec import Api, decode
from brightline.gateway.config import Config, read_config
from brightline.gateway.entries import decision_draft
from brightline.gateway.exchange import PERFORMABLE
from brightline.gateway.gateway import standing_of
from brightline.gateway.history import GatewayHistory
from brightline.gateway.standing import observed
from brightline.gateway.stated import stated
from brightline.record.body import ChangeBody, ChangeSubject
from brightline.record.entry import NO_DIGEST, OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.storage.record import Receipt, Record
from brightline.terms import Scope, Terms, decide, read_pack, read_terms
from brightline.vocabulary import Source, Use, read_use, shipped
from tests.cli.shell import Said, Shell
from tests.live.stage import LOG_KEY, MODEL, MODEL_DIGEST, SITE_KEY, make_site, pack
from tests.terms.generated import random_use

TINY = bytes.fromhex(MODEL_DIGEST.removeprefix("sha256:"))
CALL = decode(
    Api.CHAT, json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "SECRET words"}]}).encode()
)
QUIET = lambda _: None  # noqa: E731


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return read_config(make_site(tmp_path / "site", "http://127.0.0.1:9").folder / "brightline.toml")


def uses(count: int, seed: int = 1) -> list[Use]:
    """As a gateway makes them: every fact has a source, component and model are what the terms declare."""
    rng, scope, out = random.Random(seed), pack().terms.scope, []
    for _ in range(count):
        obj = random_use(rng, scope, stated=rng.choice([0.2, 0.6]))
        obj |= {"actor": "g2/analyst-7", "component": rng.choice(["army/g2", "army/g2/x"]), "model": MODEL}
        for name in obj["facts"]:
            gateway = scope.vocabulary.facts[name].gateway
            obj["sources"][name] = "observed" if gateway else rng.choice(["declared", "attested", "inferred"])
        out.append(read_use(scope.vocabulary, obj))
    return out


def recorded(config: Config, some: Sequence[Use], before: Sequence[Draft] = (), model: bytes = TINY) -> list[int]:
    """Write the decisions on `some` as the gateway does; where they stand."""
    standing = standing_of(config, None)
    drafts = list(before)
    for u in some:
        decision = decide(standing.pack.terms, u, PERFORMABLE)
        drafts.append(
            decision_draft(standing, CALL, stated(standing.pack.terms.scope.vocabulary, "work", u), decision, 0, model)
        )
    return write(config, drafts)[len(before) :]


def write(config: Config, drafts: Sequence[Draft]) -> list[int]:
    record = Record.open(config.data, LOG_KEY, SITE_KEY, Disclosure())
    out = []
    for i in range(0, len(drafts), 500):
        out += [r.index for r in record.write(drafts[i : i + 500]) if isinstance(r, Receipt)]
    record.journal.publish()
    record.close()
    return out


def erase(config: Config, *entries: int) -> None:
    record = Record.open(config.data, LOG_KEY, SITE_KEY, Disclosure())
    for e in entries:
        record.vault.erase(e)
    record.close()


def history(config: Config, terms: Terms | None = None) -> GatewayHistory:
    return GatewayHistory(terms or pack().terms, config.data, config, QUIET)


def files(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def shell(config: Config, *arguments: str) -> Said:
    return Shell(config.data.parent)("replay", *arguments, "data", "--json")


def test_every_decision_comes_back_with_its_use_its_outcome_and_its_clauses(config: Config) -> None:
    some = uses(700)
    places = recorded(config, some)
    found = list(history(config))
    assert [p.place for p in found] == places
    terms = pack().terms
    for u, p in zip(some, found, strict=True):
        decision = decide(terms, u, PERFORMABLE)
        assert (OutcomeCode(p.outcome).name, p.clauses) == (decision.outcome.name, decision.clauses)
        assert (p.use.activity, p.use.component) == (u.activity, u.component)
        assert p.use.facts == u.facts
        assert replace(p.use, model=u.model).sources == u.sources
        assert terms.scope.encode(replace(p.use, model=u.model)) == terms.scope.encode(u)


def test_an_audit_is_a_replay_the_same_terms_change_nothing(config: Config) -> None:
    recorded(config, uses(300))
    (config.data.parent / "same").mkdir()
    for name, text in pack().files.items():
        (config.data.parent / "same" / name).write_text(text)
    said = shell(config, "same")
    assert said.status == 0, said.err
    document = said.document
    assert document["uses"] == 300
    assert document["before"] == document["after"]
    assert document["changed"] == []
    assert document["left_out"] == dict.fromkeys(("erased", "alternatives", "model", "vocabulary"), 0)


def test_what_was_erased_is_counted_as_erased_and_is_in_no_count_and_no_file(config: Config) -> None:
    some = uses(40)
    places = recorded(config, some)
    folder = config.data.parent
    (folder / "none.cedar").write_text('@id("none") forbid (principal, action, resource);')
    whole = shell(config, "none.cedar").document
    erase(config, places[3], places[7])
    before = files(folder)
    left = shell(config, "none.cedar").document
    assert files(folder) == before
    assert (left["uses"], left["left_out"]["erased"]) == (38, 2)
    gone = [decide(pack().terms, some[i], PERFORMABLE) for i in (3, 7)]
    assert sum(whole["before"]["outcomes"].values()) - sum(left["before"]["outcomes"].values()) == len(gone)
    assert [p.place for p in history(config)] == [p for i, p in enumerate(places) if i not in (3, 7)]


def test_no_content_and_no_actor_is_in_the_answer(config: Config) -> None:
    recorded(config, uses(60))
    (config.data.parent / "none.cedar").write_text('@id("none") forbid (principal, action, resource);')
    said = shell(config, "none.cedar")
    assert said.status == 1
    assert "SECRET" not in said.out
    assert "analyst" not in said.out


def test_a_running_gateway_is_read_as_published(config: Config) -> None:
    places = recorded(config, uses(20))
    record = Record.open(config.data, LOG_KEY, SITE_KEY, Disclosure())  # holds the lock, as a gateway does
    assert [p.place for p in history(config)] == places
    record.close()


def test_a_use_with_alternatives_is_left_out_for_the_record_has_them_not(config: Config) -> None:
    some = uses(5)
    twofold = replace(
        some[1],
        alternatives=(
            read_use(shipped(), {"activity": "gen.office", "alternatives": [{"facts": {"scale": "bulk"}}]}).alternatives
        ),
    )
    recorded(config, [some[0], twofold, *some[2:]])
    found = history(config)
    assert len(list(found)) == 4
    assert found.left_out["alternatives"] == 1


def test_a_model_without_a_name_matters_only_where_the_terms_ask_for_it(config: Config) -> None:
    recorded(config, uses(5), model=NO_DIGEST)
    scope = Scope(pack().terms.scope.vocabulary, ("army/g2",), {MODEL: ()})
    asks = read_terms(scope, f'@id("m") permit (principal, action, resource in Model::"{MODEL}");', "m.cedar")
    found = history(config)
    assert [p.use.model for p in found] == [""] * 5
    found = history(config, asks)
    assert list(found) == []
    assert found.left_out["model"] == 5


def test_a_model_is_named_by_the_agreement(config: Config) -> None:
    recorded(config, uses(5))
    scope = Scope(pack().terms.scope.vocabulary, ("army/g2",), {MODEL: ()})
    asks = read_terms(scope, f'@id("m") permit (principal, action, resource in Model::"{MODEL}");', "m.cedar")
    assert [p.use.model for p in history(config, asks)] == [MODEL] * 5


def test_terms_that_are_not_at_hand_are_counted_by_digest_and_rank(config: Config) -> None:
    """Recorded while observing with another pack: its vocabulary is known by the change entry, or the uses are left
    out, since a rank may mean another activity in another vocabulary."""
    text = '@id("a") forbid (principal, action == Action::"gen.office", resource);'
    other = read_pack("o", {"terms.cedar": text})
    standing = observed(other, {MODEL: TINY})
    use = read_use(other.terms.scope.vocabulary, {"activity": "gen.office"})
    draft = decision_draft(
        standing,
        CALL,
        stated(standing.pack.terms.scope.vocabulary, "work", use),
        decide(other.terms, use, PERFORMABLE),
        0,
        TINY,
    )
    write(config, [draft])
    found = history(config)
    assert list(found) == []
    assert found.left_out["vocabulary"] == 1
    words = bytes.fromhex(other.terms.scope.vocabulary.digest.removeprefix("sha256:"))
    write(config, [Draft(ChangeBody(ChangeSubject.VOCABULARY, words, NO_DIGEST), terms=standing.terms_digest), draft])
    (past,) = list(history(config))
    assert past.use.activity == "gen.office"
    assert past.clauses == (f"{standing.terms_digest.hex()[:12]}:0",)


def test_a_word_that_the_terms_do_not_know_is_named_with_its_cure(config: Config) -> None:
    recorded(config, [Use("gen.office", {"place": "home"}, {"place": Source.DECLARED}, (), "a", "army/g2", MODEL)])
    standing = standing_of(config, None)
    use = Use("gen.office", {"lanes": frozenset({"maps"})}, {"lanes": Source.DECLARED}, (), "a", "army/g2", MODEL)
    said = stated(standing.pack.terms.scope.vocabulary, "work", use)
    write(config, [decision_draft(standing, CALL, said, decide(pack().terms, Use("gen.office")), 0, TINY)])
    with pytest.raises(UseError, match="lanes has no value 'maps'") as raised:
        list(history(config))
    assert raised.value.place.endswith("data: entry 2: lanes")
    assert "declare it in terms.toml under [lanes]" in raised.value.cure


def test_a_private_side_that_was_changed_is_refused(config: Config) -> None:
    places = recorded(config, uses(10))
    keys = config.data / "private" / "keys"
    data = bytearray(keys.read_bytes())
    at = places[2] * 48
    data[at : at + 32] = data[places[3] * 48 : places[3] * 48 + 32]
    keys.write_bytes(bytes(data))
    with pytest.raises(StorageError, match="private side"):
        list(history(config))


def test_a_folder_without_a_record_is_refused(config: Config) -> None:
    with pytest.raises(StorageError, match="there is no record"):
        list(history(config))
