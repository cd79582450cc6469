"""A bucket that is not there, and a store that goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from comment_service.media.files.s3 import S3Files
from comment_service.store import StoreUnavailable
from tests.contract.media.conftest import create_bucket, s3_options
from tests.support.s3 import S3Server, running_s3


@pytest.fixture
def own_s3(tmp_path: Path) -> Iterator[S3Server]:
    """For one test alone, which may stop it."""
    with running_s3(tmp_path) as server:
        create_bucket(server)
        yield server


async def test_a_bucket_that_is_not_there_is_told_at_the_start(s3: S3Server) -> None:
    files = S3Files(s3_options(s3, "", bucket="another-bucket"))
    with pytest.raises(StoreUnavailable, match="another-bucket"):
        await files.start()
    await files.aclose()


async def test_while_the_store_is_away_nothing_is_acknowledged(own_s3: S3Server, tmp_path: Path) -> None:
    files = S3Files(replace(s3_options(own_s3, "images/"), attempts=1, timeout_s=1.0))
    await files.start()
    path = tmp_path / "image"
    path.write_bytes(b"image")
    await files.put("ab" * 32, "image/png", path)
    own_s3.stop()
    with pytest.raises(StoreUnavailable):
        await files.put("cd" * 32, "image/png", path)
    with pytest.raises(StoreUnavailable):
        await files.open("ab" * 32)
    with pytest.raises(StoreUnavailable):
        await files.delete("ab" * 32)
    await files.aclose()


def test_the_secret_is_in_no_text(s3: S3Server) -> None:
    assert "secret" not in repr(s3_options(s3, "")).replace("secret_key", "")
