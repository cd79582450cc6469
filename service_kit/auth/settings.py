"""Settings of who may read and post, for the processes that ask: comment services and RMS."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from service_kit.auth.keys import JwksFile, KeyFileError, Keys, OneKey
from service_kit.auth.tickets import MIN_SECRET_BYTES, Tickets
from service_kit.auth.tokens import TokenVerifier
from service_kit.errors import StartupError
from service_kit.settings import SharedSettings


class AccessSettings(SharedSettings):
    """The keys that tokens are checked with, under the process's own prefix, and what needs a token."""

    jwt_secret: SecretStr | None = Field(
        None, description="Secret that tokens are signed with (HS256), 32 bytes or more."
    )
    jwt_public_key_file: Path | None = Field(
        None, description="PEM file with the issuer's public key (RS256, ES256 or EdDSA, by its type)."
    )
    jwt_jwks_file: Path | None = Field(
        None, description="JWKS file with the issuer's public keys; read again when it changes."
    )
    jwt_issuer: str | None = Field(None, min_length=1, description="What a token's iss must be; unset: anything.")
    jwt_audience: str | None = Field(None, min_length=1, description="What a token's aud must name; unset: anything.")
    jwt_leeway_s: float = Field(
        0.0, ge=0, le=300, description="Seconds by which the issuer's clock may differ from this one."
    )
    token_cache: int = Field(10_000, ge=1, le=1_000_000, description="Verified tokens that are remembered.")

    read_needs_token: bool = Field(
        False,
        validation_alias="LIVECOMMENTS_READ_NEEDS_TOKEN",
        description="Reading history and streaming need a token too; set it for comment services and RMS alike.",
    )

    post_needs_ticket: bool = Field(
        False,
        validation_alias="LIVECOMMENTS_POST_NEEDS_TICKET",
        description="Only who is watching a video may post in it: RMS hand out tickets, and comment services ask for "
        "them. Set it for RMS first.",
    )
    ticket_secrets: SecretStr | None = Field(
        None,
        validation_alias="LIVECOMMENTS_TICKET_SECRETS",
        description="Secrets of tickets, of 32 bytes or more, separated by commas; the same for RMS and comment "
        "services. The first makes them, all are accepted: to change it, add the new one last, then put it first, then "
        "take the old one away.",
    )

    @model_validator(mode="after")
    def _has_good_ticket_secrets(self) -> Self:
        if self.post_needs_ticket:
            try:
                self.make_tickets()
            except ValueError:
                raise ValueError(
                    f"LIVECOMMENTS_POST_NEEDS_TICKET needs LIVECOMMENTS_TICKET_SECRETS, each of {MIN_SECRET_BYTES} "
                    "bytes or more"
                ) from None
        return self

    def make_tickets(self) -> Tickets | None:
        """What makes and checks tickets; None where posting needs none."""
        if not self.post_needs_ticket:
            return None
        secrets = "" if self.ticket_secrets is None else self.ticket_secrets.get_secret_value()
        return Tickets([secret for each in secrets.split(",") if (secret := each.strip())])

    @property
    def jwt_keys_given(self) -> int:
        """How many of the secret, the public key and the JWKS file are set; they exclude each other."""
        given = [self.jwt_secret, self.jwt_public_key_file, self.jwt_jwks_file]
        return sum(value is not None for value in given)


def token_verifier(settings: AccessSettings) -> TokenVerifier:
    """What checks tokens with the key that is set. Raises ``StartupError`` where it cannot be used."""
    try:
        keys = _keys(settings)
    except KeyFileError as error:
        raise StartupError(str(error)) from None
    return TokenVerifier(
        keys,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        leeway_s=settings.jwt_leeway_s,
        cache_size=settings.token_cache,
    )


def _keys(settings: AccessSettings) -> Keys:
    if settings.jwt_public_key_file is not None:
        return OneKey.from_public_key_file(settings.jwt_public_key_file)
    if settings.jwt_jwks_file is not None:
        return JwksFile(settings.jwt_jwks_file)
    if settings.jwt_secret is not None:
        return OneKey.from_secret(settings.jwt_secret.get_secret_value())
    raise StartupError("no key to check tokens with")  # the settings models let this through never
