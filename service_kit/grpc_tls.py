"""Mutual TLS between our own processes: each shows a certificate of the cluster's own authority."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc
import structlog

from service_kit.errors import StartupError
from service_kit.file_watch import Stamp, stamp_of
from service_kit.settings import SharedSettings

_MAX_FILE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class GrpcTls:
    """PEM files: this process's certificate (its chain included), its key, and the authority of all others.

    They are read again when they change: by a server before a handshake, by a client when it opens a channel.
    ``server_name``: what other processes' certificates have to be for, where that is not the address they are at.
    """

    certificate: Path
    key: Path
    authority: Path
    server_name: str | None = None

    @classmethod
    def of(cls, settings: SharedSettings) -> GrpcTls | None:
        """From settings; None where calls go unencrypted. Raises ``StartupError`` for a file that cannot be read."""
        certificate, key, authority = (
            settings.grpc_tls_certificate_file,
            settings.grpc_tls_key_file,
            settings.grpc_tls_authority_file,
        )
        if certificate is None or key is None or authority is None:
            return None
        tls = cls(certificate, key, authority, settings.grpc_tls_server_name)
        tls._read()
        return tls

    def server_credentials(self) -> grpc.ServerCredentials:
        """For a server that lets in only who has a certificate of the authority."""
        renewal = _Renewal(self)
        return grpc.dynamic_ssl_server_credentials(
            self.server_configuration(),
            renewal,  # type: ignore[arg-type]  # the stubs do not know that None is "no change"
            require_client_authentication=True,
        )

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """For a channel to such a server. Raises ``StartupError`` for a file that cannot be read."""
        certificate, key, authority = self._read()
        return grpc.ssl_channel_credentials(authority, key, certificate)

    def stamp(self) -> Stamp:
        """Another one when a file has changed. Raises ``OSError``."""
        return stamp_of(self.certificate, self.key, self.authority)

    def server_configuration(self) -> grpc.ServerCertificateConfiguration:
        """What a server shows and believes now. Raises ``StartupError`` for a file that cannot be read."""
        certificate, key, authority = self._read()
        return grpc.ssl_server_certificate_configuration([(key, certificate)], authority)

    def _read(self) -> tuple[bytes, bytes, bytes]:
        return _pem(self.certificate), _pem(self.key), _pem(self.authority)


class _Renewal:
    """What gRPC asks, on a thread of its own, before each handshake of a server: None where nothing has changed."""

    def __init__(self, tls: GrpcTls) -> None:
        self._tls = tls
        self._stamp = tls.stamp()

    def __call__(self) -> grpc.ServerCertificateConfiguration | None:
        try:
            stamp = self._tls.stamp()
            if stamp == self._stamp:
                return None
            configuration = self._tls.server_configuration()
        except (OSError, StartupError) as error:
            structlog.get_logger().warning("certificate_kept", reason="unreadable", detail=str(error))
            return None
        self._stamp = stamp
        return configuration


def _pem(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES)
    except OSError as error:
        raise StartupError(f"{path} cannot be read: {error.strerror}") from None
    if b"-----BEGIN" not in content:
        raise StartupError(f"{path} is no PEM file")
    return content
