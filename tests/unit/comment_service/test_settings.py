from __future__ import annotations

from pathlib import Path

import pytest

from comment_service.settings import CommentServiceSettings
from service_kit.errors import SettingsError
from service_kit.settings import load

SECRET = "a secret of the tests, long enough for HS256"


def test_a_secret_is_all_that_has_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVECOMMENTS_COMMENT_SERVICE_JWT_SECRET", SECRET)
    settings = load(CommentServiceSettings)
    assert settings.jwt_secret is not None
    assert settings.jwt_secret.get_secret_value() == SECRET
    assert SECRET not in repr(settings)
    assert settings.database == Path("comments.sqlite3")


def test_the_database_is_in_the_data_folder_unless_it_is_named() -> None:
    in_data = load(CommentServiceSettings, {"jwt_secret": SECRET, "data": "/data"})
    assert in_data.database == Path("/data/comments.sqlite3")
    named = load(CommentServiceSettings, {"jwt_secret": SECRET, "data": "/data", "sqlite_path": "/other/db"})
    assert named.database == Path("/other/db")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({}, "JWT_SECRET"),
        ({"jwt_secret": SECRET, "jwt_jwks_file": "keys.json"}, "exactly one"),
        ({"jwt_jwks_file": "keys.json", "dev_tokens": True}, "DEV_TOKENS"),
        ({"jwt_secret": SECRET, "store": "mysql"}, "LIVECOMMENTS_COMMENT_SERVICE_STORE"),
        ({"jwt_secret": SECRET, "http_port": 70_000}, "LIVECOMMENTS_COMMENT_SERVICE_HTTP_PORT"),
    ],
)
def test_what_does_not_fit_is_named(flags: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says) as refused:
        load(CommentServiceSettings, flags)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)
