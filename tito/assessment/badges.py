"""Badges that a class signs: Open Badges 3.0 credentials, checked without network and without us.

    CLASS/.badge-key                       the class's own key, readable by its owner alone
    CLASS/badges/STUDENT/MILESTONE.json    the credential
    CLASS/badges/STUDENT/MILESTONE.svg     the same, within its picture
    CLASS/badges/revoked.json              what no longer holds, signed too

A badge says which milestone was passed, when, and what was measured. Whose it is, it says as a salted hash of the student's id: who holds a
badge can show that it is theirs, and nobody can list a class by its badges.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import TitoError
from ..files import write_atomic, write_json
from ..milestones.badge import badge_svg
from ..milestones.definitions import Milestone, find_milestone
from .classroom import Class
from .grades import Grade, grades
from .signing import NotSigned, did, own_key, sign, signer, stamp
from .store import Gradebook

CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]
BAKED = re.compile(
    r"<openbadges:credential[^>]*>\s*<!\[CDATA\[(.*?)\]\]>\s*</openbadges:credential>", re.DOTALL
)
LARGEST = 1 << 20


@dataclass(frozen=True)
class Issued:
    """One badge that was written."""

    student: str
    milestone: str
    id: str
    file: Path


@dataclass(frozen=True)
class Verdict:
    """What a badge turned out to be. `holds` is false for a badge that was changed, revoked, or signed by somebody else."""

    holds: bool
    why: str
    id: str = ""
    name: str = ""
    issuer: str = ""  # what the signer calls itself
    key: str = ""  # who the signer is
    since: str = ""
    revoked: bool = False


# ---------------------------------------------------------------- issuing


def issue(room: Class, book: Gradebook, student: str = "", milestone: str = "") -> list[Issued]:
    """A badge for every milestone that a student has passed and has none for yet. Only what was graded counts.

    One that was taken back is issued anew only where student and milestone are both named.
    """
    if student and student not in {one.id for one in room.students}:
        raise TitoError(
            f"there is no student {student!r} in this class", f"they stand in {room.folder / 'roster.csv'}"
        )
    milestones = {task.id for task in room.tasks if task.kind == "milestone"}
    if milestone and milestone not in milestones:
        raise TitoError(
            f"{milestone} is not among this class's milestones: {', '.join(sorted(milestones)) or 'none'}"
        )
    key, made = own_key(room.folder / ".badge-key"), []
    for grade in grades(room, book):
        wanted = grade.task in milestones and student in ("", grade.student) and milestone in ("", grade.task)
        file = room.folder / "badges" / grade.student / f"{grade.task}.json"
        if wanted and grade.verdict == "passed" and not held(room, file, again=bool(student and milestone)):
            credential = sign(statement(room, grade, figures_of(book, grade)), key)
            write_json(file, credential)
            picture = badge_svg(
                find_milestone(grade.task), shown(grade, book), attested=f"signed by {room.name}"
            )
            write_atomic(file.with_suffix(".svg"), bake(picture, credential))
            made.append(Issued(grade.student, grade.task, credential["id"], file))
    return made


def held(room: Class, file: Path, again: bool) -> bool:
    """Whether a badge is there that still holds, or (unless it is wanted `again`) was taken back."""
    try:
        found = verify(file, room=room)
    except TitoError:
        return False
    return found.holds or (found.revoked and not again)


def statement(room: Class, grade: Grade, figures: dict[str, str]) -> dict[str, Any]:
    """The credential, not signed yet."""
    one, salt = find_milestone(grade.task), secrets.token_hex(16)
    passed = stamp(datetime.fromisoformat(grade.handed_in))
    name = did(own_key(room.folder / ".badge-key").public_key())
    return {
        "@context": CONTEXT,
        "id": f"urn:uuid:{uuid.uuid4()}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": one.title,
        "issuer": {"id": name, "type": ["Profile"], "name": room.name},
        "validFrom": passed,
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject", "identityType": "identifier", "hashed": True, "salt": salt,
                    "identityHash": identity(grade.student, salt),
                }
            ],
            "achievement": achievement(one),
            "result": [
                {"type": ["Result"], "value": f"{what}: {told}"} for what, told in figures.items()
            ],
        },
    }  # fmt: skip


def achievement(one: Milestone) -> dict[str, Any]:
    return {
        "id": f"urn:tinytorch:milestone:{one.id}",
        "type": ["Achievement"],
        "achievementType": "Achievement",
        "name": one.title,
        "description": one.entry["description"],
        "criteria": {
            "narrative": "Measured by the course's own judges on the student's code, in a sandbox: "
            + ", ".join(str(spec["judge"]).replace("_", " ") for spec in one.judges(one.default_setting))
            + "."
        },
    }


def identity(student: str, salt: str) -> str:
    return "sha256$" + hashlib.sha256((student + salt).encode()).hexdigest()


def figures_of(book: Gradebook, grade: Grade) -> dict[str, str]:
    """What was measured, by check, in the words the student got."""
    checks = book.checks_of(grade.result) if grade.result is not None else []
    return {
        check.name: check.message
        for check in checks
        if check.visible and check.weight and check.verdict == "passed"
    }


def shown(grade: Grade, book: Gradebook) -> dict[str, Any]:
    """As the picture wants it: the day, and one number."""
    numbers = [n for text in figures_of(book, grade).values() for n in re.findall(r"\d+(?:\.\d+)?%", text)]
    return {"passed": grade.handed_in, "figures": {"measured": numbers[0]} if numbers else {}}


def bake(picture: str, credential: dict[str, Any]) -> str:
    """The picture with the credential in it, as Open Badges bakes them."""
    inside = json.dumps(credential, ensure_ascii=True).replace("]]>", "]]\\u003e")
    head, _, rest = picture.partition(">")
    return (
        f'{head} xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0">'
        f"<openbadges:credential><![CDATA[{inside}]]></openbadges:credential>{rest}"
    )


# ---------------------------------------------------------------- revoking


def revoke(room: Class, badge: str, reason: str) -> str:
    """Take a badge back, named by its id or its file; its id. The list of those that no longer hold is signed and can be published."""
    if not reason.strip():
        raise TitoError("a badge is not taken back without a reason", '--reason "..."')
    key = own_key(room.folder / ".badge-key")
    if Path(badge).is_file():
        credential = read(Path(badge))
        if signer(credential) != did(key.public_key()):
            raise NotSigned(f"{badge} is not a badge of this class")
        badge = str(credential["id"])
    elif badge not in {str(read(file).get("id")) for file in (room.folder / "badges").glob("*/*.json")}:
        raise TitoError(
            f"this class has issued no badge {badge!r}", "name its file, or the id that verify shows"
        )
    path = room.folder / "badges" / "revoked.json"
    known = revoked(path, did(key.public_key())) if path.exists() else {}
    entries = known | {badge: {"id": badge, "revoked": True, "revocationReason": reason, "at": stamp()}}
    listed = {
        "issuer": did(key.public_key()),
        "updated": stamp(),
        "revokedCredential": list(entries.values()),
    }
    write_json(path, sign(listed, key))
    return badge


def revoked(path: Path, issuer: str) -> dict[str, dict[str, Any]]:
    """What a list of revoked badges says, if that issuer signed it."""
    content = read(path)
    try:
        if signer(content) != issuer or content.get("issuer") != issuer:
            raise NotSigned("somebody else signed it")
    except NotSigned as error:
        raise NotSigned(f"{path}: the list of revoked badges cannot be relied on: {error}") from None
    return {str(entry["id"]): entry for entry in content["revokedCredential"]}


# ---------------------------------------------------------------- verifying


def read(path: Path) -> dict[str, Any]:
    """The credential in a JSON file or a baked picture."""
    try:
        if path.stat().st_size > LARGEST:
            raise NotSigned(f"{path} is too large for a badge")
        text = path.read_text(encoding="utf-8")
        if text.lstrip().startswith("<"):
            found = BAKED.search(text)
            if not found:
                raise NotSigned(
                    f"{path} has no credential in it: a self-attested picture, not a signed badge"
                )
            text = found[1]
        content = json.loads(text)
    except FileNotFoundError:
        raise TitoError(f"{path}: there is no such file") from None
    except (ValueError, RecursionError):
        raise NotSigned(f"{path} is no badge: neither JSON nor a picture with a credential in it") from None
    if not isinstance(content, dict):
        raise NotSigned(f"{path} is no badge")
    return content


def verify(
    path: Path,
    *,
    room: Class | None = None,
    issuer: str = "",
    revocations: Path | None = None,
    student: str = "",
) -> Verdict:
    """Check a badge: that it was not changed, who signed it, whether it was taken back, and whose it is, as far as each was asked."""
    try:
        credential = read(path)
        key = signer(credential)
        about = facts(credential)
        if about.pop("says") != key:
            raise NotSigned("it names another issuer than the one that signed it")
    except NotSigned as error:
        return Verdict(False, str(error))
    verdict = lambda holds, why, revoked=False: Verdict(holds, why, key=key, revoked=revoked, **about)
    wanted = did(own_key(room.folder / ".badge-key").public_key()) if room and not issuer else issuer
    if wanted and key != wanted:
        return verdict(False, "it is signed by another key than the one expected")
    if revocations is None:  # the class's own, which a badge in the class's folder has beside it
        folder = room.folder / "badges" if room else path.absolute().parent.parent
        listed = folder / "revoked.json"
        revocations = listed if folder.name == "badges" and listed.exists() else None
    if revocations is not None and (entry := revoked(revocations, key).get(about["id"])):
        why = f"it was taken back on {str(entry.get('at'))[:10]}: {entry.get('revocationReason')}"
        return verdict(False, why, revoked=True)
    if student and not belongs_to(credential, student):
        return verdict(False, f"it was not issued to {student}")
    return verdict(
        True, "it is as it was signed" + ("" if wanted else "; whose key that is, compare yourself")
    )


def facts(credential: dict[str, Any]) -> dict[str, str]:
    """What a badge says of itself, each a text; NotSigned if it is none of ours."""
    try:
        issuer = credential["issuer"]
        told = {
            "id": credential["id"], "name": credential["credentialSubject"]["achievement"]["name"], "issuer": issuer["name"],
            "since": credential["validFrom"], "says": issuer["id"],
        }  # fmt: skip
        if "OpenBadgeCredential" not in credential["type"]:
            raise KeyError("type")
    except (KeyError, TypeError):
        raise NotSigned("it is signed, but it is no Open Badge") from None
    if not all(isinstance(text, str) for text in told.values()):
        raise NotSigned("it is signed, but it is no Open Badge")
    return {name: "".join(c if c.isprintable() else "�" for c in text)[:200] for name, text in told.items()}


def belongs_to(credential: dict[str, Any], student: str) -> bool:
    """Whether one of the hashed identities is this student's."""
    identities = credential["credentialSubject"].get("identifier")
    return any(
        isinstance(one, dict)
        and hmac.compare_digest(str(one.get("identityHash")), identity(student, str(one.get("salt"))))
        for one in (identities if isinstance(identities, list) else [])
    )
