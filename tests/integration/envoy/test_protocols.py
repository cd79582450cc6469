"""HTTP/1.1, h2c, TLS with ALPN: as curl speaks them."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lb.envoy.bootstrap import to_json
from ops.local_cluster.envoy import EnvoyServer, find_envoy, validate
from ops.local_cluster.process import ProcessError
from tests.support.envoy import Edge, envoy_settings, running_edge
from tests.support.eventually import eventually

EXAMPLE = Path(__file__).resolve().parents[3] / "lb" / "envoy" / "envoy.example.yaml"


async def curl(*arguments: str) -> tuple[str, str, str]:
    """HTTP version, status and body of what curl gets."""
    process = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--show-error", "--max-time", "20",
        "--write-out", "\n%{http_version} %{http_code}", *arguments,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    body, _, tail = output.decode().rpartition("\n")
    version, code = tail.split()
    return version, code, body


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "edge")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = tmp_path / "edge.pem", tmp_path / "edge.key"
    certificate_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


async def test_http2_without_tls(edge: Edge) -> None:
    url = f"{edge.envoy.url}/comments/match"
    version, status, body = await curl("--http2-prior-knowledge", url)
    assert (version, status, body.startswith("comment-service")) == ("2", "200", True)
    version, status, _ = await curl("--http2", url)
    assert (version, status) == ("1.1", "200"), "an upgrade to h2c is passed over, not refused"
    assert (await curl("--http1.1", url))[:2] == ("1.1", "200")


async def test_a_refusal_over_http2_is_a_problem_document_too(edge: Edge) -> None:
    url = f"{edge.envoy.url}/comments/match/stream"
    version, status, body = await curl("--http2-prior-knowledge", "--data", "x", url)
    assert (version, status, json.loads(body)["status"]) == ("2", "405", 405)


async def test_tls_offers_http2_and_http1(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    certificate_file, key_file = certificate
    async with running_edge(tmp_path / "envoy", tls_certificate_file=certificate_file, tls_key_file=key_file) as edge:
        url = f"{edge.envoy.url}/comments/match"
        assert url.startswith("https://")
        trust = ("--cacert", str(certificate_file))
        assert (await curl(*trust, url))[:2] == ("2", "200")
        assert (await curl(*trust, "--http1.1", url))[:2] == ("1.1", "200")
        assert (await curl(*trust, "--tls-max", "1.1", url))[1] == "000", "TLS 1.1 is too old"
        (*_, seen) = (seen for backend in edge.comment_services for seen in backend.seen)
        assert seen.headers["X-Forwarded-Proto"] == "https"


async def test_many_streams_share_one_http2_connection(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    certificate_file, key_file = certificate
    async with running_edge(tmp_path / "envoy", tls_certificate_file=certificate_file, tls_key_file=key_file) as edge:
        urls = [f"{edge.envoy.url}/comments/video-{n}/stream" for n in range(20)]
        client = asyncio.create_task(curl("--cacert", str(certificate_file), "--no-buffer", "--parallel", *urls))
        await eventually(lambda: sum(len(backend.streams) for backend in edge.rms) == 20)
        connections = "http.edge.downstream_cx_http2_active"
        assert await edge.envoy.stats(connections) == {connections: 1}
        for backend in edge.rms:
            await backend.aclose()
        await client


async def test_envoy_takes_every_variant_of_the_bootstrap(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    variants: list[dict[str, object]] = [
        {},
        {"xds": "control-plane.example:9090,control-plane-2.example:9090"},
        {"xds": "127.0.0.1:9090,[::1]:9090", "host": "::"},
        {"tls_certificate_file": certificate[0], "tls_key_file": certificate[1]},
        {"access_log": "/dev/stdout", "trusted_hops": 2, "rms_attempts": 1},
        {"rms_link": "h2"},
        {"rms_link": "http1"},
        {"request_timeout_s": 0.5, "dead_viewer_timeout_s": 1.5, "max_header_kb": 96},
    ]
    for variant in variants:
        config = tmp_path / "bootstrap.json"
        config.write_text(to_json(envoy_settings(9090, **variant)))
        await validate(find_envoy(), config)


async def test_envoy_takes_the_example(tmp_path: Path) -> None:
    await validate(find_envoy(), EXAMPLE)


async def test_a_bootstrap_that_envoy_does_not_take_says_why(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    envoy = EnvoyServer(tmp_path / "envoy", envoy_settings(9090, tls_certificate_file=missing, tls_key_file=missing))
    with pytest.raises(ProcessError, match=r"missing\.pem"):
        await envoy.start()
    await envoy.stop()
