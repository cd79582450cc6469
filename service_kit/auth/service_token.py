"""The token by which one of our own processes shows the others that it is one."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from service_kit.auth.identity import SERVICE, Identity
from service_kit.auth.tokens import SignedToken, TokenSigner
from service_kit.errors import StartupError

LIFETIME_S = 600
_MAX_FILE_BYTES = 16 * 1024
_RECHECK_S = 1.0


class ServiceToken(Protocol):
    """Asked anew for each call."""

    def __call__(self) -> str:
        """A token that is good now."""


class SignedServiceToken:
    """Signs its own with the cluster's secret, for ten minutes each."""

    def __init__(
        self,
        node_id: str,
        secret: str,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._signer = TokenSigner(secret, LIFETIME_S, issuer, audience)
        self._identity = Identity(node_id, node_id, frozenset({SERVICE}))
        self._now_s = now_s
        self._signed: SignedToken | None = None

    def __call__(self) -> str:
        now = self._now_s()
        if self._signed is None or self._signed.expires_at_s - now < LIFETIME_S / 2:
            self._signed = self._signer.sign(self._identity, now_s=now)
        return self._signed.token


class FileServiceToken:
    """One that an outside issuer made, read again within a second of its file's change.

    A file that cannot be read leaves the token that was in it. Raises ``StartupError`` at first.
    """

    def __init__(self, path: Path, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._now_s = now_s
        try:
            self._token = _read(path)
        except OSError as error:
            raise StartupError(f"the service token's file {path} cannot be read: {error.strerror}") from None
        if not self._token:
            raise StartupError(f"the service token's file {path} is empty")
        self._next_read_s = now_s() + _RECHECK_S

    def __call__(self) -> str:
        if self._now_s() >= self._next_read_s:
            self._next_read_s = self._now_s() + _RECHECK_S
            try:
                self._token = _read(self._path) or self._token
            except OSError:
                pass  # a file that is being replaced; the other side says so once the token has expired
        return self._token


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MAX_FILE_BYTES).decode("ascii", "replace").strip()
