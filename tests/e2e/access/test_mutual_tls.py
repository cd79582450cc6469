"""A cluster whose processes speak mutual TLS with each other, with an outside issuer's users."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from livecomments.v1 import comment_service_pb2 as pb
from livecomments.v1 import comment_service_pb2_grpc
from ops.client.http_client import HttpClient
from service_kit.grpc_client import open_channel
from tests.support.certificates import Authority
from tests.support.cluster import Cluster, running_cluster
from tests.support.viewers import Viewer

ISSUER = ed25519.Ed25519PrivateKey.generate()
ADA = {"Authorization": f"Bearer {jwt.encode({'sub': 'u-1', 'name': 'Ada'}, ISSUER, 'EdDSA')}"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder)


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory, folder: Path, authority: Authority) -> Iterator[Cluster]:
    tls = authority.issue("livecomments")
    key = folder / "issuer.pem"
    key.write_bytes(ISSUER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    settings = {
        "GRPC_TLS_CERTIFICATE_FILE": str(tls.certificate),
        "GRPC_TLS_KEY_FILE": str(tls.key),
        "GRPC_TLS_AUTHORITY_FILE": str(tls.authority),
        "COMMENT_SERVICE_JWT_PUBLIC_KEY_FILE": str(key),
        "RMS_JWT_PUBLIC_KEY_FILE": str(key),
        "READ_NEEDS_TOKEN": "true",
    }
    with running_cluster(tmp_path_factory.mktemp("encrypted"), rms=1, dispatchers=1, **settings) as cluster:
        yield cluster


async def post(cluster: Cluster, video: str, content: str) -> int:
    async with HttpClient(cluster.url) as http:
        body = json.dumps({"content": content}).encode()
        answer = await http.request(
            "POST", f"/comments/{video}", headers=ADA | {"Content-Type": "application/json"}, body=body
        )
    assert answer.status == 201, answer.body
    return int(json.loads(answer.body)["commentId"])


async def test_history_and_what_is_live_come_through(encrypted: Cluster, video: str) -> None:
    before = await post(encrypted, video, "before")
    viewer = await Viewer(encrypted.url, video, headers=ADA).open()
    await viewer.until_last(before)
    after = await post(encrypted, video, "after")
    await viewer.until_last(after)
    viewer.close()


async def test_a_certificate_reads_and_without_one_nobody_speaks(
    encrypted: Cluster, authority: Authority, video: str
) -> None:
    await post(encrypted, video, "hello")
    address = encrypted.comment_services["comment-service-1"].address("GRPC_PORT")
    request = pb.ListCommentsRequest(live_video_id=video)
    async with open_channel(address, authority.issue("reports")) as channel:
        page = await comment_service_pb2_grpc.CommentServiceStub(channel).ListComments(request, timeout=5)
        assert [comment.content for comment in page.comments] == ["hello"]
    async with open_channel(address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await comment_service_pb2_grpc.CommentServiceStub(channel).ListComments(request, timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_with_an_outside_issuer_nobody_registers(encrypted: Cluster) -> None:
    async with HttpClient(encrypted.url) as http:
        headers = {"Content-Type": "application/json"}
        answer = await http.request("POST", "/auth/register", headers=headers, body=b'{"username": "ada"}')
    assert answer.status == 404
    assert b"another issuer" in answer.body
