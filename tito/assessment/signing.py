"""Signatures that anybody can check without us: Data Integrity proofs of W3C, cryptosuite eddsa-jcs-2022.

A document (JSON) and what is said about its proof are each brought into the one form that JSON can have (RFC 8785) and hashed; both
hashes together are signed with Ed25519. The key is named by itself (did:key), so that nothing has to be fetched to check a signature;
whose key it is, the reader has to know.
"""

from __future__ import annotations

import hashlib
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..errors import TitoError

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # base58, as Bitcoin writes numbers
ED25519 = b"\xed\x01"  # what a key of this kind begins with, in multicodec
SUITE = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "assertionMethod"}


class NotSigned(TitoError):
    """This document carries no proof that holds; the text says why."""

    exit_code = 1


def base58(data: bytes) -> str:
    number, out = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        out = ALPHABET[digit] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def from_base58(text: str) -> bytes:
    number = 0
    for letter in text:
        number = number * 58 + ALPHABET.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


# ---------------------------------------------------------------- keys


def did(key: Ed25519PublicKey) -> str:
    """The key's own name, did:key:z6Mk..."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return f"did:key:z{base58(ED25519 + raw)}"


def key_of(name: str) -> Ed25519PublicKey:
    """The key that a did:key names."""
    text = name.removeprefix("did:key:z")
    try:
        raw = from_base58(text) if text != name and len(text) < 100 else b""
        if raw[:2] != ED25519:
            raise ValueError
        return Ed25519PublicKey.from_public_bytes(raw[2:])
    except ValueError:
        raise NotSigned(f"{name[:80]!r} names no Ed25519 key") from None


def own_key(path: Path) -> Ed25519PrivateKey:
    """The key in a file that its owner alone can read; made when it is not there."""
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        data = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise TitoError(f"{path}: others can read it", f"chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise TitoError(
            f"{path} holds no Ed25519 key", "bring it back from a copy; a new key signs as somebody else"
        )
    return key


# ---------------------------------------------------------------- signing and checking


def sign(document: dict[str, Any], key: Ed25519PrivateKey, when: datetime | None = None) -> dict[str, Any]:
    """The document with its proof."""
    name = did(key.public_key())
    proof = SUITE | {
        "created": stamp(when),
        "verificationMethod": f"{name}#{name.removeprefix('did:key:')}",
    }
    if "@context" in document:
        proof["@context"] = document["@context"]
    signature = key.sign(hashes(document, proof))
    return document | {"proof": proof | {"proofValue": f"z{base58(signature)}"}}


def signer(document: Any) -> str:
    """Who signed this document, as a did:key; NotSigned if nobody did, or it was changed since."""
    proof = document.get("proof") if isinstance(document, dict) else None
    if not isinstance(proof, dict):
        raise NotSigned("it carries no proof")
    if any(proof.get(name) != value for name, value in SUITE.items()):
        raise NotSigned("its proof is of another kind than eddsa-jcs-2022")
    method, value = proof.get("verificationMethod"), proof.get("proofValue")
    if (
        not isinstance(method, str)
        or not isinstance(value, str)
        or not value.startswith("z")
        or len(value) > 120
    ):
        raise NotSigned("its proof is incomplete")
    name = method.partition("#")[0]
    context = document.get("@context")
    if "@context" in proof and not begins_with(context, proof["@context"]):
        raise NotSigned("its proof was made for another document")
    plain = {k: v for k, v in document.items() if k != "proof"}
    if "@context" in proof:
        plain["@context"] = proof["@context"]
    said = {k: v for k, v in proof.items() if k != "proofValue"}
    try:
        key_of(name).verify(from_base58(value[1:]), hashes(plain, said))
    except (InvalidSignature, ValueError, RecursionError, rfc8785.CanonicalizationError):
        raise NotSigned("it was changed after it was signed") from None
    return name


def begins_with(whole: Any, part: Any) -> bool:
    listed = lambda value: value if isinstance(value, list) else [value]
    return listed(whole)[: len(listed(part))] == listed(part)


def hashes(document: dict[str, Any], proof: dict[str, Any]) -> bytes:
    digest = lambda value: hashlib.sha256(rfc8785.dumps(value)).digest()
    return digest(proof) + digest(document)


def stamp(when: datetime | None = None) -> str:
    moment = (when or datetime.now(timezone.utc)).astimezone(timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
