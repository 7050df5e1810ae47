"""Signed badges: what is issued, what anybody can check of it, and that nothing can be changed or taken from somebody else."""

import json
import re
import shutil
import stat
from datetime import datetime, timezone
from pathlib import Path

import pytest

pytest.importorskip("cryptography", reason="badges are signed with the extra tinytorch[assessment]")
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tito.assessment import badges, classroom
from tito.assessment.badges import issue, revoke, verify
from tito.assessment.results import Check, Result
from tito.assessment.signing import NotSigned, base58, did, from_base58, sign, signer
from tito.assessment.store import Gradebook
from tito.commands.grading.badge import badge
from tito.errors import TitoError

# The example of W3C's Recommendation "Data Integrity EdDSA Cryptosuites", section B.2 (representation: eddsa-jcs-2022).
W3C_KEY = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
W3C_DOCUMENT = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33", "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential", "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678", "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}  # fmt: skip
W3C_PROOF = "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"


def test_the_signature_is_the_one_of_the_standard():
    key = Ed25519PrivateKey.from_private_bytes(from_base58(W3C_KEY[1:])[2:])
    assert did(key.public_key()) == "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
    signed = sign(W3C_DOCUMENT, key, datetime(2023, 2, 24, 23, 36, 38, tzinfo=timezone.utc))
    assert signed["proof"]["proofValue"] == W3C_PROOF
    assert signer(signed) == did(key.public_key())


def test_base58():
    for data in (b"", b"\0", b"\0\0abc", bytes(range(256))):
        assert from_base58(base58(data)) == data


@pytest.fixture
def room(tmp_path):
    """ann has passed a milestone, bob has not."""
    made = classroom.make(tmp_path / "cs101", "cs101", ["perceptron", "xor"], [])
    (made.folder / "roster.csv").write_text("student,name,email\nann,Ann,\nbob,Bob,\n")
    book = Gradebook(made.gradebook)
    for student, verdict, score in (("ann", "passed", 1.0), ("bob", "partial", 0.5)):
        handed = book.hand_in(student, student * 20, datetime(2026, 11, 1, tzinfo=timezone.utc))
        book.enqueue(handed, "perceptron", "r", "e")
        job = book.lease()
        found = (Check("accuracy", "passed", 1.0, 1.0, "97.20% of the cards are right (at least 95%)"), Check("hidden", "passed", 1.0, 1.0, "seed 4", False))  # fmt: skip
        assert book.finish(job, Result(verdict, score, "A", checks=found))
    book.close()
    return classroom.read(made.folder)


@pytest.fixture
def issued(room):
    (one,) = issue(room, Gradebook(room.gradebook))
    return one


def test_who_passed_gets_one_and_only_one(room, issued):
    assert (issued.student, issued.milestone) == ("ann", "perceptron")
    assert verify(issued.file, room=room).holds and verify(issued.file.with_suffix(".svg"), room=room).holds
    assert stat.S_IMODE((room.folder / ".badge-key").stat().st_mode) == 0o600
    assert issue(room, Gradebook(room.gradebook)) == []


def test_what_it_says(room, issued):
    """The shape of Open Badges 3.0; nothing by which the student could be known; no hidden check."""
    content = json.loads(issued.file.read_text())
    subject = content["credentialSubject"]
    assert content["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert (
        content["@context"][0] == "https://www.w3.org/ns/credentials/v2"
        and "ob/v3p0" in content["@context"][1]
    )
    assert subject["achievement"]["criteria"]["narrative"] and subject["achievement"]["type"] == [
        "Achievement"
    ]
    assert [r["value"] for r in subject["result"]] == [
        "accuracy: 97.20% of the cards are right (at least 95%)"
    ]
    assert content["proof"]["cryptosuite"] == "eddsa-jcs-2022"
    assert "ann" not in issued.file.read_text() and "seed 4" not in issued.file.read_text()
    picture = issued.file.with_suffix(".svg").read_text()
    assert "97.20%" in picture and "signed by cs101" in picture and "self-attested" not in picture


def test_every_change_is_found(room, issued):
    """Each leaf of the credential, changed or taken out."""
    good = json.loads(issued.file.read_text())
    tried = 0
    for path in leaves(good):
        for spoil in (lambda v: f"{v}x" if isinstance(v, str) else not v, None):
            bad = json.loads(json.dumps(good))
            inner = bad
            for step in path[:-1]:
                inner = inner[step]
            if spoil is None:
                del inner[path[-1]]
            else:
                inner[path[-1]] = spoil(inner[path[-1]])
            issued.file.write_text(json.dumps(bad))
            assert not verify(issued.file).holds, path
            tried += 1
    assert tried > 50
    issued.file.write_text(json.dumps(good | {"extra": 1}))
    assert not verify(issued.file).holds
    issued.file.write_text(json.dumps(good, indent=4, sort_keys=True))
    assert verify(issued.file).holds, "another layout of the same JSON is no change"


def leaves(value, path=()):
    if isinstance(value, (dict, list)):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, step))
    else:
        yield path


def test_somebody_else_s_signature(room, issued, tmp_path):
    """A badge signed anew with a key of one's own holds by itself, and is not this class's."""
    content = {k: v for k, v in json.loads(issued.file.read_text()).items() if k != "proof"}
    key = Ed25519PrivateKey.generate()
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(sign(content, key)))
    assert "another issuer" in verify(forged).why
    content["issuer"]["id"] = did(key.public_key())
    forged.write_text(json.dumps(sign(content, key)))
    found = verify(forged)
    assert found.holds and "compare yourself" in found.why
    assert not verify(forged, room=room).holds
    assert not verify(forged, issuer=json.loads(issued.file.read_text())["issuer"]["id"]).holds


def test_whose_it_is(room, issued):
    assert verify(issued.file, student="ann").holds
    assert "was not issued to bob" in verify(issued.file, student="bob").why


def test_a_badge_that_was_taken_back(room, issued, tmp_path):
    with pytest.raises(TitoError, match="without a reason"):
        revoke(room, str(issued.file), " ")
    assert revoke(room, str(issued.file), "copied work") == issued.id
    found = verify(issued.file, room=room)
    assert not found.holds and "copied work" in found.why
    listed = room.folder / "badges" / "revoked.json"
    assert "copied work" in verify(issued.file, revocations=listed).why, "the list alone is enough"
    assert "copied work" in verify(issued.file).why, "it lies beside the badge"
    elsewhere = Path(shutil.copy(issued.file, tmp_path / "copy.json"))
    assert verify(elsewhere).holds, "without the list nobody can know"
    content = json.loads(listed.read_text())
    content["revokedCredential"] = []
    listed.write_text(json.dumps(content))
    with pytest.raises(NotSigned, match="cannot be relied on: it was changed"):
        verify(issued.file, room=room)
    listed.write_text(json.dumps(sign({k: v for k, v in content.items() if k != "proof"}, Ed25519PrivateKey.generate())))  # fmt: skip
    with pytest.raises(NotSigned, match="somebody else signed it"):
        verify(issued.file, room=room)


def test_a_revoked_one_is_issued_anew_where_it_is_named(room, issued):
    revoke(room, issued.id, "wrong figures")
    assert issue(room, Gradebook(room.gradebook)) == []
    (again,) = issue(room, Gradebook(room.gradebook), issued.student, issued.milestone)
    assert again.id != issued.id and verify(again.file, room=room).holds
    with pytest.raises(TitoError, match="has issued no badge"):
        revoke(room, issued.id, "once more")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"proof": 1}', "[" * 100_000, "<svg></svg>", '{"proof": {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "assertionMethod", "verificationMethod": "did:key:z1", "proofValue": "z0OIl"}}', "\ufeff{}"],
)  # fmt: skip
def test_what_is_no_badge(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    assert not verify(tmp_path / "x.json").holds


def test_a_signed_document_that_is_no_badge(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(sign({"hello": "world"}, Ed25519PrivateKey.generate())))
    assert "no Open Badge" in verify(tmp_path / "x.json").why


def test_the_key_is_kept_to_oneself(room, issued):
    key = room.folder / ".badge-key"
    key.chmod(0o644)
    with pytest.raises(TitoError, match="others can read it"):
        verify(issued.file, room=room)
    key.chmod(0o600)
    key.write_text("nothing")
    with pytest.raises(TitoError, match="holds no Ed25519 key"):
        verify(issued.file, room=room)


def test_names_that_are_more_than_words(tmp_path):
    """A class or a figure may hold anything; the picture stays one picture."""
    made = classroom.make(tmp_path / "c", "]]><script>alert(1)</script>", ["perceptron"], [])
    (made.folder / "roster.csv").write_text("student\nann\n")
    book = Gradebook(made.gradebook)
    book.enqueue(
        book.hand_in("ann", "d" * 64, datetime(2026, 11, 1, tzinfo=timezone.utc)), "perceptron", "r", "e"
    )
    assert book.finish(
        book.lease(), Result("passed", 1.0, "A", checks=(Check("a", "passed", 1.0, 1.0, "]]></svg> 1%"),))
    )
    (one,) = issue(classroom.read(made.folder), book)
    picture = one.file.with_suffix(".svg")
    assert "<script>" not in picture.read_text().partition("]]>")[2] and verify(picture, room=made).holds
    import xml.etree.ElementTree as tree

    assert tree.parse(picture).getroot().tag.endswith("svg")


def test_the_commands(room):
    run = lambda *words: CliRunner().invoke(badge, list(words))
    done = run("issue", "--class", str(room.folder))
    assert done.exit_code == 0 and "1 new badge" in done.output and "perceptron" in done.output
    file = room.folder / "badges" / "ann" / "perceptron.json"
    done = run("verify", str(file), "--class", str(room.folder), "--json")
    assert json.loads(done.output)["holds"] and done.exit_code == 0
    assert re.search("is as it was signed", run("verify", str(file)).output)
    assert run("revoke", str(file), "--class", str(room.folder), "--reason", "wrong student").exit_code == 0
    done = run("verify", str(file), "--class", str(room.folder))
    assert done.exit_code == 1 and "wrong student" in done.output
    assert isinstance(run("issue", "--class", str(room.folder), "--student", "eve").exception, TitoError)
    assert isinstance(run("issue", "--class", str(room.folder), "--milestone", "2").exception, TitoError)


def test_a_local_badge_says_whose_word_it_is():
    from tito.milestones.badge import badge_svg
    from tito.milestones.definitions import find_milestone

    assert "self-attested" in badge_svg(find_milestone("xor"), {"passed": "2026-11-01"})
    assert badges.BAKED.search(badge_svg(find_milestone("xor"), {})) is None
