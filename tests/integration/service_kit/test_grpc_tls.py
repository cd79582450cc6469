"""Mutual TLS with real certificates: who gets in, and what changes while it runs."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from service_kit.errors import SettingsError, StartupError
from service_kit.grpc_client import open_channel
from service_kit.grpc_server import GrpcServer
from service_kit.grpc_tls import GrpcTls
from service_kit.settings import SharedSettings, load
from tests.support.certificates import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def server(authority: Authority) -> AsyncIterator[GrpcServer]:
    server = GrpcServer("127.0.0.1", 0, services=[], tls=authority.issue("dispatcher-1"))
    await server.start()
    await server.set_serving(True)
    yield server
    await server.aclose()


async def answers(server: GrpcServer, tls: GrpcTls | None) -> bool:
    async with open_channel(f"127.0.0.1:{server.port}", tls) as channel:
        try:
            await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            return False
        return True


async def test_who_has_a_certificate_of_the_authority_gets_in(server: GrpcServer, authority: Authority) -> None:
    assert await answers(server, authority.issue("rms-1"))


async def test_nobody_else_does(server: GrpcServer, authority: Authority, tmp_path: Path) -> None:
    assert not await answers(server, None), "unencrypted"
    stranger = Authority(tmp_path, "stranger").issue("mallory")
    assert not await answers(server, replace(stranger, authority=authority.file)), "another authority's certificate"


async def test_a_client_believes_no_other_authority_and_no_other_address(
    authority: Authority, server: GrpcServer, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    assert not await answers(server, replace(authority.issue("rms-1"), authority=stranger.file))
    elsewhere = GrpcServer("127.0.0.1", 0, services=[], tls=authority.issue("rms-2", address="192.0.2.1"))
    await elsewhere.start()
    assert not await answers(elsewhere, authority.issue("rms-1"))
    named = authority.issue("rms-1", server_name="rms-2")
    assert await answers(elsewhere, named), "unless the settings say what name to look for"
    await elsewhere.aclose()


async def test_a_new_certificate_is_shown_without_a_restart(server: GrpcServer, tmp_path: Path) -> None:
    new = Authority(tmp_path, "new")
    client = new.issue("rms-1")
    assert not await answers(server, client)
    new.issue("dispatcher-1")  # over the old one's files
    shutil.copy(new.file, tmp_path / "authority.pem")
    assert await answers(server, client)


async def test_a_broken_new_one_leaves_the_old_one(server: GrpcServer, authority: Authority, tmp_path: Path) -> None:
    client = authority.issue("rms-1")
    (tmp_path / "dispatcher-1.pem").write_text("rubbish")
    assert await answers(server, client)


def test_settings_name_what_is_missing(tmp_path: Path, authority: Authority) -> None:
    tls = authority.issue("rms-1")
    files = {
        "grpc_tls_certificate_file": tls.certificate,
        "grpc_tls_key_file": tls.key,
        "grpc_tls_authority_file": tls.authority,
    }
    assert GrpcTls.of(load(SharedSettings, files)) == tls
    assert GrpcTls.of(load(SharedSettings)) is None
    with pytest.raises(SettingsError, match="LIVECOMMENTS_GRPC_TLS_CERTIFICATE_FILE, _KEY_FILE"):
        load(SharedSettings, {"grpc_tls_key_file": tls.key})
    for wrong, says in ((tmp_path / "nowhere", "cannot be read"), (Path(__file__), "no PEM file")):
        with pytest.raises(StartupError, match=says):
            GrpcTls.of(load(SharedSettings, files | {"grpc_tls_key_file": wrong}))
