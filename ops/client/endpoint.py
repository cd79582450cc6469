"""Where a server is, as a URL says it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from ops.client.errors import ClientError


@dataclass(frozen=True)
class Endpoint:
    """An origin: scheme, host and port.

    Attributes:
        host: name or address to connect to.
        port: 80 or 443 where the URL has none.
        tls: the context to use, None for plain HTTP.
        authority: the ``Host`` header.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None
    authority: str

    @classmethod
    def parse(cls, url: str) -> Endpoint:
        """From ``http://host[:port]`` or ``https://…``. Raises ``ClientError`` for anything else."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ClientError(f"{url!r} is not a URL: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ClientError(f"{url!r} is not a URL like http://127.0.0.1:8080")
        if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
            raise ClientError(f"{url!r}: only scheme, host and port belong here")
        tls = ssl.create_default_context() if parts.scheme == "https" else None
        return cls(parts.hostname, port or (443 if tls else 80), tls, parts.netloc)
