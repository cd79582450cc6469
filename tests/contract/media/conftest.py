"""The kinds of ``MediaFiles`` that keep the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3
import pytest
from pydantic import SecretStr

from comment_service.media.files import MediaFiles
from comment_service.media.files.local import LocalFiles
from comment_service.media.files.s3 import S3Files, S3Options
from tests.support.s3 import BUCKET, S3Server, running_s3


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 over HTTP, with a bucket."""
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        create_bucket(server)
        yield server


def create_bucket(server: S3Server) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket=BUCKET)


def s3_options(server: S3Server, prefix: str, bucket: str = BUCKET) -> S3Options:
    return S3Options(
        bucket=bucket,
        prefix=prefix,
        endpoint=server.endpoint,
        region="us-east-1",
        access_key="key",
        secret_key=SecretStr("secret"),
        attempts=5,
    )


@pytest.fixture(params=["local", "s3"])
def kind_of_files(request: pytest.FixtureRequest, tmp_path: Path) -> MediaFiles:
    """Not started."""
    if request.param == "local":
        return LocalFiles(tmp_path / "media")
    return S3Files(s3_options(request.getfixturevalue("s3"), f"{tmp_path.name}/"))


@pytest.fixture
async def files(kind_of_files: MediaFiles) -> AsyncIterator[MediaFiles]:
    """Started and empty."""
    await kind_of_files.start()
    yield kind_of_files
    await kind_of_files.aclose()
