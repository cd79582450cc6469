"""JSON Web Tokens: signed for this service's own accounts, verified for whoever brings one."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt

from service_kit.auth.identity import Identity
from service_kit.auth.keys import HMAC, Keys
from service_kit.text import TextError, one_line

MAX_TOKEN_CHARACTERS = 8192
MAX_USER_ID_CHARACTERS = 128
MAX_NAME_CHARACTERS = 100
MAX_ROLES = 16
MAX_VIDEOS = 100
MAX_CLAIM_ITEM_CHARACTERS = 64
_NEVER = float("inf")


class TokenError(Exception):
    """A request's token proves nothing, or there is none.

    The message is one sentence for whoever sent it and never has the token in it. ``presented``: there was one.
    """

    def __init__(self, message: str, *, presented: bool = True) -> None:
        super().__init__(message)
        self.presented = presented


@dataclass(frozen=True)
class SignedToken:
    """``expires_at_s``: seconds since 1970."""

    token: str = field(repr=False)
    expires_at_s: int


def sign(
    identity: Identity,
    secret: str,
    *,
    lifetime_s: int,
    issuer: str | None = None,
    audience: str | None = None,
    now_s: float | None = None,
) -> SignedToken:
    """A token for ``identity`` that a comment service with the same ``secret``, ``issuer`` and ``audience`` accepts."""
    issued_at_s = int(time.time() if now_s is None else now_s)
    expires_at_s = issued_at_s + lifetime_s
    claims: dict[str, Any] = {
        "sub": identity.user_id,
        "name": identity.name,
        "roles": sorted(identity.roles),
        "iat": issued_at_s,
        "exp": expires_at_s,
    }
    if identity.videos:
        claims["videos"] = sorted(identity.videos)
    if issuer is not None:
        claims["iss"] = issuer
    if audience is not None:
        claims["aud"] = audience
    return SignedToken(jwt.encode(claims, secret, algorithm=HMAC), expires_at_s)


@dataclass(frozen=True)
class TokenSigner:
    """How this service's own tokens are made; they live for ``lifetime_s``."""

    secret: str = field(repr=False)
    lifetime_s: int
    issuer: str | None = None
    audience: str | None = None

    def sign(self, identity: Identity, *, now_s: float | None = None) -> SignedToken:
        """A token for ``identity``, from now on."""
        return sign(
            identity,
            self.secret,
            lifetime_s=self.lifetime_s,
            issuer=self.issuer,
            audience=self.audience,
            now_s=now_s,
        )


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """``expires_at_s``: seconds since 1970, infinite where the token does not say."""

    identity: Identity
    expires_at_s: float


class TokenVerifier:
    """Tells whom a token speaks for.

    Checks the signature with ``keys``; ``exp`` and ``nbf`` where the token has them, with ``leeway_s`` for clocks that
    differ; ``iss`` and ``aud`` where ``issuer`` and ``audience`` are set. A verified token is remembered, by its hash,
    until it expires or a key changes: the check costs 95 µs, and a user's posts all carry the same token.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        leeway_s: float = 0.0,
        cache_size: int = 10_000,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._leeway_s = leeway_s
        self._cache_size = cache_size
        self._now_s = now_s
        self._generation = keys.generation
        self._verified: OrderedDict[bytes, VerifiedToken] = OrderedDict()

    @property
    def remembered(self) -> int:
        """Tokens in the cache."""
        return len(self._verified)

    def verify(self, token: str) -> Identity:
        """Whom it speaks for. Raises ``TokenError``."""
        return self.check(token).identity

    def check(self, token: str) -> VerifiedToken:
        """Whom it speaks for, and how long. Raises ``TokenError``."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise TokenError(f"the token is longer than {MAX_TOKEN_CHARACTERS} characters")
        if not token.isascii():
            raise TokenError("the token is malformed")
        digest = hashlib.sha256(token.encode()).digest()
        if (known := self._recall(digest)) is not None:
            return known
        claims = self._claims(token)
        verified = self._verified[digest] = VerifiedToken(_identity_of(claims), claims.get("exp", _NEVER))
        if len(self._verified) > self._cache_size:
            self._verified.popitem(last=False)
        return verified

    def _recall(self, digest: bytes) -> VerifiedToken | None:
        if self._generation != (generation := self._keys.generation):
            self._generation = generation
            self._verified.clear()
        known = self._verified.get(digest)
        if known is None:
            return None
        if self._expired(known.expires_at_s):
            del self._verified[digest]
            return None
        self._verified.move_to_end(digest)
        return known

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = self._keys.find(kid)
            if key is None:
                raise TokenError("the token's key is unknown")
            claims = jwt.decode(
                token,
                key.material,
                algorithms=[key.algorithm],
                issuer=self._issuer,
                audience=self._audience,
                # Time is judged below, by this verifier's clock.
                options={
                    "verify_aud": self._audience is not None,
                    "verify_iss": self._issuer is not None,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_sub": False,
                },
            )
        except (jwt.MissingRequiredClaimError, jwt.InvalidIssuerError, jwt.InvalidAudienceError) as error:
            raise TokenError(_WRONG_CLAIM.get(type(error), "a claim that is required is missing")) from None
        except jwt.InvalidAlgorithmError:
            raise TokenError("the token is signed with another algorithm than its key is for") from None
        except jwt.InvalidSignatureError:
            raise TokenError("the token's signature is wrong") from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise TokenError("the token is malformed") from None
        self._check_times(claims)
        return claims

    def _check_times(self, claims: dict[str, Any]) -> None:
        for name in ("exp", "nbf"):
            if name in claims and (isinstance(claims[name], bool) or not isinstance(claims[name], int | float)):
                raise TokenError(f"the token's {name} is not a number of seconds")
        if self._expired(claims.get("exp", _NEVER)):
            raise TokenError("the token has expired")
        if not self._now_s() + self._leeway_s >= claims.get("nbf", 0):
            raise TokenError("the token is not valid yet")

    def _expired(self, expires_at_s: float) -> bool:
        # Not `>=`: JSON can spell NaN, and a token that expires at NaN must not live for ever.
        return not self._now_s() - self._leeway_s < expires_at_s


_WRONG_CLAIM: dict[type[Exception], str] = {
    jwt.InvalidIssuerError: "the token's iss is not the issuer that is trusted here",
    jwt.InvalidAudienceError: "the token's aud is not this service",
}


def _identity_of(claims: dict[str, Any]) -> Identity:
    try:
        claim = "sub"
        user_id = one_line(_text(claims, "sub", ""), max_characters=MAX_USER_ID_CHARACTERS)
        claim = "name"
        name = one_line(_text(claims, "name", user_id), max_characters=MAX_NAME_CHARACTERS)
    except TextError as error:
        raise TokenError(f"the token's {claim} {error}") from None
    return Identity(
        user_id=user_id,
        name=name,
        roles=_texts(claims, "roles", MAX_ROLES),
        videos=_texts(claims, "videos", MAX_VIDEOS),
    )


def _text(claims: dict[str, Any], name: str, default: str) -> str:
    value = claims.get(name, default)
    if not isinstance(value, str):
        raise TokenError(f"the token's {name} is not a string")
    return value


def _texts(claims: dict[str, Any], name: str, limit: int) -> frozenset[str]:
    values = claims.get(name, [])
    if not isinstance(values, list) or len(values) > limit:
        raise TokenError(f"the token's {name} is not a list of at most {limit} strings")
    if not all(isinstance(value, str) and len(value) <= MAX_CLAIM_ITEM_CHARACTERS for value in values):
        raise TokenError(f"the token's {name} has an item that is no string of at most {MAX_CLAIM_ITEM_CHARACTERS}")
    return frozenset(values)
