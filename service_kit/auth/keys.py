"""The keys that tokens are checked with: a shared secret, a public key or a JWKS file.

Each key is bound to one algorithm by its own type, never by what a token's header says, so a public key can never be
taken for an HMAC secret, and ``none`` is no algorithm.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import jwt
import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from service_kit.file_watch import FileWatch

HMAC = "HS256"
# RFC 7518, section 3.2: an HS256 key has at least as many bits as the hash.
MIN_SECRET_BYTES = 32
_MIN_RSA_BITS = 2048
_MAX_FILE_BYTES = 1024 * 1024
_MAX_KEYS = 100


class KeyFileFault(StrEnum):
    """Why a key file cannot be used."""

    UNREADABLE = "unreadable"
    MALFORMED = "malformed"


class KeyFileError(Exception):
    """A key or a key file cannot be used: one clear line."""

    def __init__(self, message: str, fault: KeyFileFault = KeyFileFault.MALFORMED) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True)
class VerificationKey:
    """A key and the one algorithm it is for."""

    algorithm: str
    material: Any


class Keys(Protocol):
    """Where a token's key is found."""

    @property
    def generation(self) -> int:
        """Another number whenever a key may have gone. Asking looks for a change of the file behind."""

    def find(self, kid: str | None) -> VerificationKey | None:
        """The key that a token naming ``kid`` is checked with, or None."""


class OneKey:
    """A single key, whatever ``kid`` a token names."""

    def __init__(self, key: VerificationKey) -> None:
        self._key = key

    @classmethod
    def from_secret(cls, secret: str) -> OneKey:
        """HS256 with a shared secret. Raises ``KeyFileError`` below ``MIN_SECRET_BYTES``."""
        if len(secret.encode()) < MIN_SECRET_BYTES:
            raise KeyFileError(f"the JWT secret is shorter than {MIN_SECRET_BYTES} bytes")
        return cls(VerificationKey(HMAC, secret))

    @classmethod
    def from_public_key_file(cls, path: Path) -> OneKey:
        """RS256, ES256 or EdDSA, by the type of the PEM file's key. Raises ``KeyFileError``."""
        pem = _read(path)
        try:
            material = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            raise KeyFileError(f"{path} holds no public key in PEM form") from None
        algorithm = _algorithm_of(material)
        if algorithm is None:
            raise KeyFileError(f"the key in {path} is none of RSA (2048 bits or more), P-256 and Ed25519")
        return cls(VerificationKey(algorithm, material))

    @property
    def generation(self) -> int:
        return 0

    def find(self, kid: str | None) -> VerificationKey | None:
        return self._key


class JwksFile:
    """The keys of a JWKS file (RFC 7517) by ``kid``, read again within a second of its change.

    A token that names no ``kid`` is checked only where the file has a single key. A changed file that cannot be used
    is logged, and the keys from before stay.
    """

    def __init__(self, path: Path, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._generation = 0
        self._path = path
        self._watch = FileWatch(path, now_s=now_s)
        self._keys = _read_jwks(path)

    @property
    def generation(self) -> int:
        self._refresh()
        return self._generation

    def find(self, kid: str | None) -> VerificationKey | None:
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    def _refresh(self) -> None:
        if not self._watch.changed():
            return
        log = structlog.get_logger()
        try:
            self._keys = _read_jwks(self._path)
        except KeyFileError as error:
            log.warning("jwks_file_kept_old_keys", reason=error.fault, detail=str(error))
            return
        self._generation += 1
        log.info("jwks_file_read", keys=len(self._keys))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}", KeyFileFault.UNREADABLE) from None
    if len(content) > _MAX_FILE_BYTES:
        raise KeyFileError(f"{path} is over {_MAX_FILE_BYTES} bytes")
    return content


def _read_jwks(path: Path) -> dict[str | None, VerificationKey]:
    try:
        document = json.loads(_read(path))
    except (ValueError, RecursionError):
        raise KeyFileError(f"{path} is not JSON") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise KeyFileError(f"{path} is no JWKS: a JSON object with a list of keys")
    if len(entries) > _MAX_KEYS:
        raise KeyFileError(f"{path} has more than {_MAX_KEYS} keys")
    keys: dict[str | None, VerificationKey] = {}
    for entry in entries:
        if (key := _key_of(entry)) is None:
            continue  # issuers publish keys for other uses in the same file
        kid = entry.get("kid")
        if kid in keys:
            raise KeyFileError(f"{path} has two keys with kid {kid!r}")
        keys[kid] = key
    if not keys:
        raise KeyFileError(f"{path} has no key for RS256, ES256 or EdDSA signatures")
    return keys


def _key_of(entry: object) -> VerificationKey | None:
    # Symmetric keys (`oct`) have no place in a file of public ones.
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or entry.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    if not isinstance(entry.get("kid"), str | None):
        return None
    try:
        material = jwt.PyJWK(entry).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    algorithm = _algorithm_of(material)
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        return None
    return VerificationKey(algorithm, material)


def _algorithm_of(material: object) -> str | None:
    if isinstance(material, RSAPublicKey):
        return "RS256" if material.key_size >= _MIN_RSA_BITS else None
    if isinstance(material, EllipticCurvePublicKey):
        return "ES256" if isinstance(material.curve, SECP256R1) else None
    return "EdDSA" if isinstance(material, Ed25519PublicKey) else None
