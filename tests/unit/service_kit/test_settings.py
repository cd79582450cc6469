"""Settings come from flags, then the environment, then defaults; what does not fit is one clear line."""

from __future__ import annotations

import pytest
from pydantic import Field, ValidationError
from structlog.testing import capture_logs

from service_kit.errors import SettingsError
from service_kit.settings import NodeSettings, env_name, flag_name, load, node_config, warn_of_unknown_variables


class ExampleSettings(NodeSettings):
    model_config = node_config("example")

    max_viewers: int = Field(10, ge=1, description="Viewers at once.")
    token_secret: str = Field("", max_length=8, description="Signs tokens.")


def test_names_of_own_and_shared_fields() -> None:
    assert env_name(ExampleSettings, "max_viewers") == "LIVECOMMENTS_EXAMPLE_MAX_VIEWERS"
    assert flag_name(ExampleSettings, "max_viewers") == "--example-max-viewers"
    assert env_name(ExampleSettings, "zookeeper") == "LIVECOMMENTS_ZOOKEEPER"
    assert flag_name(ExampleSettings, "zookeeper") == "--zookeeper"
    assert env_name(ExampleSettings, "admin_port") == "LIVECOMMENTS_EXAMPLE_ADMIN_PORT"


def test_flag_over_environment_over_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(ExampleSettings).max_viewers == 10
    monkeypatch.setenv("LIVECOMMENTS_EXAMPLE_MAX_VIEWERS", "20")
    monkeypatch.setenv("LIVECOMMENTS_ZOOKEEPER", "zk:1")
    assert load(ExampleSettings, {"max_viewers": None}).max_viewers == 20
    assert load(ExampleSettings, {"max_viewers": 30}).max_viewers == 30
    assert load(ExampleSettings).zookeeper == "zk:1"


@pytest.mark.parametrize("by_flag", [True, False])
def test_a_bad_value_names_variable_and_flag(monkeypatch: pytest.MonkeyPatch, by_flag: bool) -> None:
    if not by_flag:
        monkeypatch.setenv("LIVECOMMENTS_EXAMPLE_MAX_VIEWERS", "many")
    with pytest.raises(SettingsError) as caught:
        load(ExampleSettings, {"max_viewers": "many"} if by_flag else None)
    message = str(caught.value)
    assert "LIVECOMMENTS_EXAMPLE_MAX_VIEWERS (--example-max-viewers)" in message
    assert "'many'" in message
    assert "\n" not in message


def test_a_bad_shared_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVECOMMENTS_DC_NUMBER", "16")
    with pytest.raises(SettingsError, match=r"LIVECOMMENTS_DC_NUMBER \(--dc-number\)"):
        load(ExampleSettings)


def test_a_secret_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        load(ExampleSettings, {"token_secret": "far-too-long-a-secret"})
    assert "far-too-long" not in str(caught.value)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        load(ExampleSettings).max_viewers = 3


def test_every_field_has_a_description() -> None:
    for name, field in ExampleSettings.model_fields.items():
        assert field.description, name


def test_a_variable_of_the_own_prefix_that_nothing_reads_is_told() -> None:
    environment = {
        "LIVECOMMENTS_EXAMPLE_MAX_VIEWRES": "20",
        "LIVECOMMENTS_EXAMPLE_MAX_VIEWERS": "20",
        "livecomments_example_admin_port": "1",
        "LIVECOMMENTS_EXAMPLE_NODE_ID": "a",
        "LIVECOMMENTS_EXAMPLE_XYZ": "",
        "LIVECOMMENTS_ZOOKEEPER": "zk:1",
        "LIVECOMMENTS_RMS_MAX_VIEWRES": "of another process",
        "PATH": "/bin",
    }
    with capture_logs() as lines:
        warn_of_unknown_variables(ExampleSettings, environment)
    warning = {"log_level": "warning", "event": "unknown_setting"}
    assert lines == [
        {
            **warning,
            "variable": "LIVECOMMENTS_EXAMPLE_MAX_VIEWRES",
            "did_you_mean": "LIVECOMMENTS_EXAMPLE_MAX_VIEWERS",
        },
        {**warning, "variable": "LIVECOMMENTS_EXAMPLE_XYZ"},
    ]
