"""The bootstrap as data. Whether Envoy takes it is asked of Envoy, in tests/integration/envoy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lb.envoy.bootstrap import HEADER, bootstrap, main, to_json
from lb.envoy.routes import STREAM_PATH
from lb.envoy.settings import EnvoySettings
from lb.envoy.yaml import to_yaml
from rms.settings import RmsSettings
from service_kit.errors import SettingsError
from service_kit.settings import load

EXAMPLE = Path(__file__).resolve().parents[3] / "lb" / "envoy" / "envoy.example.yaml"


def settings(**fields: object) -> EnvoySettings:
    return load(EnvoySettings, fields)


def manager(of: EnvoySettings) -> Any:
    (listener,) = bootstrap(of)["static_resources"]["listeners"]
    return listener["filter_chains"][0]["filters"][0]["typed_config"]


def test_the_example_is_what_the_defaults_give() -> None:
    assert EXAMPLE.read_text() == HEADER + to_yaml(bootstrap(settings())), (
        "write it again: python -m lb.envoy.bootstrap > lb/envoy/envoy.example.yaml"
    )


def test_the_command_prints_the_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    assert capsys.readouterr().out == EXAMPLE.read_text()
    monkeypatch.setenv("LIVECOMMENTS_ENVOY_PORT", "http")
    assert main() == 1
    assert "LIVECOMMENTS_ENVOY_PORT (--envoy-port)" in capsys.readouterr().err


def test_json_is_the_same_bootstrap() -> None:
    assert json.loads(to_json(settings(port=8443))) == bootstrap(settings(port=8443))


def test_envoy_s_last_attempt_is_the_one_that_the_rms_takes_for_it() -> None:
    """Otherwise a viewer is turned away too early, or gets a 503 and never comes back."""
    assert settings().rms_attempts == load(RmsSettings).last_attempt
    routes = manager(settings(rms_attempts=7))["route_config"]["virtual_hosts"][0]["routes"]
    (stream,) = (route["route"] for route in routes if route["name"] == "stream")
    assert stream["retry_policy"]["num_retries"] == 6


@pytest.mark.parametrize(
    ("path", "is_stream"),
    [
        ("/comments/match-42/stream", True),
        ("/comments/A_b-9/stream", True),
        ("/comments//stream", False),
        ("/comments/a/b/stream", False),
        ("/comments/a%2Fb/stream", False),
        ("/comments/a/stream/", False),
        ("/comments/ä/stream", False),
    ],
)
def test_which_paths_are_streams(path: str, is_stream: bool) -> None:
    assert bool(re.fullmatch(STREAM_PATH, path)) is is_stream


def test_without_a_certificate_there_is_no_tls_and_half_of_one_is_an_error() -> None:
    (listener,) = bootstrap(settings())["static_resources"]["listeners"]
    assert "transport_socket" not in listener["filter_chains"][0]
    with pytest.raises(SettingsError, match="TLS"):
        settings(tls_key_file="edge.key")


@pytest.mark.parametrize("address", ["9090", "host", "host:", "host:90:90", "a b:9090", ""])
def test_a_control_plane_s_address_is_checked(address: str) -> None:
    with pytest.raises(SettingsError, match="LIVECOMMENTS_ENVOY_XDS "):
        settings(xds=address)


def test_names_of_control_planes_are_resolved_and_numbers_are_not() -> None:
    def discovery(xds: str) -> str:
        return str(bootstrap(settings(xds=xds))["static_resources"]["clusters"][-1]["type"])

    assert discovery("10.0.0.1:9090,[::1]:9090") == "STATIC"
    assert discovery("10.0.0.1:9090,xds.example:9090") == "STRICT_DNS"


def test_the_access_log_is_off_unless_asked_for_and_holds_no_header_of_the_viewer_s() -> None:
    assert "access_log" not in manager(settings())
    (log,) = manager(settings(access_log="/dev/stdout"))["access_log"]
    logged = " ".join(log["typed_config"]["log_format"]["json_format"].values())
    assert not re.search(r"%REQ\((?!:METHOD\))|COOKIE|AUTHORIZATION|%PATH\((?!NQ\))", logged)
