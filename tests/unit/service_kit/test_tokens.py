from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from service_kit.auth.identity import Identity
from service_kit.auth.keys import JwksFile, KeyFileError, OneKey
from service_kit.auth.tokens import TokenError, TokenVerifier, sign
from tests.support.examples import examples

SECRET = "a secret of the tests, long enough for HS256"
ADA = Identity("u-17", "Ada", frozenset({"viewer", "moderator"}), frozenset({"match-42"}))
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
JWK = {"rsa": RSAAlgorithm.to_jwk, "ec": ECAlgorithm.to_jwk, "ed": OKPAlgorithm.to_jwk}
PRIVATE: dict[str, tuple[Any, str]] = {"rsa": (RSA, "RS256"), "ec": (EC, "ES256"), "ed": (ED, "EdDSA")}


class Clock:
    def __init__(self, now_s: float = 1_795_262_400.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def verifier(clock: Clock | None = None, **settings: Any) -> TokenVerifier:
    return TokenVerifier(OneKey.from_secret(SECRET), now_s=clock or Clock(), **settings)


def encode(claims: dict[str, Any], **kwargs: Any) -> str:
    return jwt.encode(claims, SECRET, "HS256", **kwargs)


def refusal(of: TokenVerifier, token: str) -> str:
    with pytest.raises(TokenError) as refused:
        of.verify(token)
    assert token not in str(refused.value)
    return str(refused.value)


def public_pem(key: Any) -> bytes:
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def jwk(kind: str, kid: str | None, **fields: Any) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(JWK[kind](PRIVATE[kind][0].public_key()))  # type: ignore[operator]
    return entry | ({"kid": kid} if kid else {}) | fields


def write_jwks(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"keys": entries}))
    return path


def test_a_signed_token_is_verified_to_the_same_identity() -> None:
    clock = Clock()
    signed = sign(ADA, SECRET, lifetime_s=60, now_s=clock.now_s)
    assert signed.expires_at_s == clock.now_s + 60
    assert verifier(clock).verify(signed.token) == ADA


def test_a_token_lives_until_it_expires_also_in_the_cache() -> None:
    clock = Clock()
    verify = verifier(clock)
    token = sign(ADA, SECRET, lifetime_s=60, now_s=clock.now_s).token
    clock.now_s += 59.9
    assert verify.verify(token) == verify.verify(token) == ADA
    assert verify.remembered == 1
    clock.now_s += 0.1
    assert refusal(verify, token) == "the token has expired"
    assert verify.remembered == 0


def test_leeway_is_for_clocks_that_differ() -> None:
    clock = Clock()
    token = encode({"sub": "u", "exp": clock.now_s - 4, "nbf": clock.now_s + 4})
    assert verifier(clock, leeway_s=5).verify(token).user_id == "u"
    assert refusal(verifier(clock, leeway_s=3), token) == "the token has expired"


def test_a_token_is_not_valid_before_its_time() -> None:
    clock = Clock()
    token = encode({"sub": "u", "nbf": clock.now_s + 1})
    assert refusal(verifier(clock), token) == "the token is not valid yet"
    clock.now_s += 1
    assert verifier(clock).verify(token).user_id == "u"


def test_issuer_and_audience_are_checked_where_they_are_set() -> None:
    strict = verifier(issuer="https://id.example", audience="comments")
    good = {"sub": "u", "iss": "https://id.example", "aud": ["other", "comments"]}
    assert strict.verify(encode(good)).user_id == "u"
    assert "iss" in refusal(strict, encode(good | {"iss": "https://evil.example"}))
    assert "aud" in refusal(strict, encode(good | {"aud": "other"}))
    assert refusal(strict, encode({"sub": "u", "aud": "comments"}))
    assert refusal(strict, encode({"sub": "u", "iss": "https://id.example"}))
    assert verifier().verify(encode(good)).user_id == "u"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"sub": ""},
        {"sub": 5},
        {"sub": None},
        {"sub": "x" * 129},
        {"sub": "\u200b"},
        {"sub": "u", "name": 5},
        {"sub": "u", "name": "x" * 101},
        {"sub": "u", "name": "\ud800"},
        {"sub": "u", "roles": "admin"},
        {"sub": "u", "roles": [1]},
        {"sub": "u", "roles": ["x"] * 17},
        {"sub": "u", "roles": ["x" * 65]},
        {"sub": "u", "videos": {"a": 1}},
        {"sub": "u", "videos": ["v"] * 101},
        {"sub": "u", "exp": "tomorrow"},
        {"sub": "u", "exp": True},
        {"sub": "u", "exp": None},
        {"sub": "u", "exp": float("nan")},
        {"sub": "u", "exp": -(10**400)},
        {"sub": "u", "nbf": 10**400},
        {"sub": "u", "nbf": []},
        {"sub": "u", "nbf": float("nan")},
    ],
    ids=str,
)
def test_claims_of_the_wrong_form_are_refused(claims: dict[str, Any]) -> None:
    # PyJWT would not sign some of these; another issuer's library may.
    payload = b".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "HS256"}, claims)
    )
    mac = hmac.new(SECRET.encode(), payload, hashlib.sha256).digest()
    token = (payload + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()
    assert refusal(verifier(), token)


@settings(max_examples=examples(100))
@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}"))
def test_garbage_is_refused_and_nothing_else_happens(token: str) -> None:
    with pytest.raises(TokenError):
        verifier().verify(token)


def test_the_cache_is_bounded_and_keeps_what_is_used() -> None:
    verify = verifier(cache_size=10)
    tokens = [encode({"sub": f"u-{n}"}) for n in range(30)]
    for token in tokens:
        verify.verify(tokens[0])
        verify.verify(token)
        assert verify.remembered <= 10
    assert hashlib.sha256(tokens[0].encode()).digest() in verify._verified


@pytest.mark.parametrize("kind", ["rsa", "ec", "ed"])
def test_a_public_key_file_pins_its_algorithm(tmp_path: Path, kind: str) -> None:
    key, algorithm = PRIVATE[kind]
    path = tmp_path / "issuer.pem"
    path.write_bytes(public_pem(key))
    verify = TokenVerifier(OneKey.from_public_key_file(path))
    assert verify.verify(jwt.encode({"sub": "u"}, key, algorithm)).user_id == "u"
    # The classic confusion: the public key, which anyone has, taken for an HMAC secret.
    header, claims = (base64.urlsafe_b64encode(part).rstrip(b"=") for part in (b'{"alg":"HS256"}', b'{"sub":"u"}'))
    mac = hmac.new(public_pem(key), header + b"." + claims, hashlib.sha256).digest()
    forged = b".".join([header, claims, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()
    assert "algorithm" in refusal(verify, forged)
    assert "algorithm" in refusal(verify, jwt.encode({"sub": "u"}, "", "none"))
    for other_kind, (other, other_algorithm) in PRIVATE.items():
        if other_kind != kind:
            assert "algorithm" in refusal(verify, jwt.encode({"sub": "u"}, other, other_algorithm))


def test_a_key_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "key"
    weak = rsa.generate_private_key(65537, 1024)
    private = ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"nonsense", private, public_pem(weak), public_pem(ec.generate_private_key(ec.SECP384R1()))):
        path.write_bytes(content)
        with pytest.raises(KeyFileError, match=str(path)):
            OneKey.from_public_key_file(path)
    with pytest.raises(KeyFileError, match="cannot be read"):
        OneKey.from_public_key_file(tmp_path / "missing")
    with pytest.raises(KeyFileError, match="32 bytes"):
        OneKey.from_secret("short")
    for content in (
        b"",
        b"[]",
        b'{"keys": 5}',
        b'{"keys": []}',
        b"[" * 10_000,
        b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}',
    ):
        path.write_bytes(content)
        with pytest.raises(KeyFileError, match=str(path)):
            JwksFile(path)


def test_a_jwks_file_s_keys_are_chosen_by_kid(tmp_path: Path) -> None:
    path = write_jwks(
        tmp_path / "jwks.json",
        jwk("rsa", "a"),
        jwk("ed", "b"),
        jwk("ec", "c", alg="ES256"),
        jwk("ed", "not-for-signatures", use="enc"),
        jwk("rsa", "another-algorithm", alg="PS256"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"},
        {"kty": "unheard-of"},
    )
    verify = TokenVerifier(JwksFile(path))

    def token(kind: str, kid: str | None) -> str:
        key, algorithm = PRIVATE[kind]
        return jwt.encode({"sub": "u"}, key, algorithm, headers={"kid": kid} if kid else None)

    for kind, kid in (("rsa", "a"), ("ed", "b"), ("ec", "c")):
        assert verify.verify(token(kind, kid)).user_id == "u"
    assert "algorithm" in refusal(verify, token("rsa", "b"))
    unusable = [("ed", "not-for-signatures"), ("rsa", "another-algorithm"), ("ed", "d"), ("ed", None)]
    assert all("unknown" in refusal(verify, token(kind, kid)) for kind, kid in unusable)


def test_a_changed_jwks_file_takes_effect_and_forgets_what_was_verified(tmp_path: Path) -> None:
    clock = Clock()
    path = write_jwks(tmp_path / "jwks.json", jwk("ed", "old"))
    verify = TokenVerifier(JwksFile(path, now_s=clock))
    old = jwt.encode({"sub": "u"}, ED, "EdDSA", headers={"kid": "old"})
    new = jwt.encode({"sub": "u"}, EC, "ES256", headers={"kid": "new"})
    assert verify.verify(old)
    path.write_text("{")
    os.utime(path, ns=(1, 1))
    clock.now_s += 2
    assert verify.verify(old), "a file that cannot be read leaves the keys as they were"
    write_jwks(path, jwk("ec", "new"))
    clock.now_s += 2
    assert verify.verify(new)
    assert "unknown" in refusal(verify, old)
