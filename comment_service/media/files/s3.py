"""``MediaFiles`` in a bucket of any store that speaks S3."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from comment_service.media.files import CHUNK_BYTES
from comment_service.media.threads import Threads
from comment_service.store import StoreUnavailable

T = TypeVar("T")
_UNKNOWN = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True)
class S3Options:
    """``endpoint`` None: Amazon's own, by region. Credentials None: where boto3 looks for them by itself.

    ``timeout_s``: for a connection, and for each answer; ``attempts`` at each call.
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    access_key: str | None = None
    secret_key: SecretStr | None = field(default=None, repr=False)
    timeout_s: float = 5.0
    attempts: int = 3
    threads: int = 8
    max_waiting: int = 1_000


class S3Files:
    """A key is the prefix and the media id. The bucket has to be there."""

    def __init__(self, options: S3Options) -> None:
        self._options = options
        self._threads = Threads("media-s3", threads=options.threads, max_waiting=options.max_waiting)
        self._client: Any = None

    @property
    def waiting(self) -> int:
        return self._threads.waiting

    async def start(self) -> None:
        """Raises ``StoreUnavailable`` where the bucket cannot be reached or is not there."""
        if self._client is None:
            self._client = await self._threads.run(lambda: _client(self._options))
        await self._run(lambda: self._client.head_bucket(Bucket=self._options.bucket))

    async def aclose(self) -> None:
        await self._threads.aclose()
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def put(self, media_id: str, content_type: str, path: Path) -> None:
        def upload() -> None:
            with path.open("rb") as file:
                self._client.put_object(**self._key(media_id), Body=file, ContentType=content_type)

        await self._run(upload)

    async def open(self, media_id: str) -> S3File | None:
        def head() -> S3File | None:
            try:
                return S3File(self._client.head_object(**self._key(media_id))["ContentLength"], media_id, self)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _UNKNOWN:
                    return None
                raise

        return await self._run(head)

    async def delete(self, media_id: str) -> None:
        await self._run(lambda: self._client.delete_object(**self._key(media_id)))

    async def get(self, media_id: str, start: int, length: int) -> Any:
        """The answer's body: to be read in this store's threads, and closed."""
        byte_range = f"bytes={start}-{start + length - 1}"
        return await self._run(lambda: self._client.get_object(**self._key(media_id), Range=byte_range)["Body"])

    async def read(self, body: Any) -> bytes:
        """The next chunk of such a body."""
        return await self._run(lambda: bytes(body.read(CHUNK_BYTES)))

    def _key(self, media_id: str) -> dict[str, str]:
        return {"Bucket": self._options.bucket, "Key": self._options.prefix + media_id}

    async def _run(self, call: Callable[[], T]) -> T:
        try:
            return await self._threads.run(call)
        except (BotoCoreError, ClientError, OSError) as error:
            raise StoreUnavailable(f"the bucket {self._options.bucket} cannot be used: {error}") from error


@dataclass(frozen=True)
class S3File:
    size: int
    media_id: str
    files: S3Files

    async def read(self, start: int, length: int) -> AsyncIterator[bytes]:
        body = await self.files.get(self.media_id, start, length)
        try:
            while length > 0:
                chunk = await self.files.read(body)
                if not chunk:
                    raise StoreUnavailable("an image ended while it was read")
                yield chunk
                length -= len(chunk)
        finally:
            body.close()


def _client(options: S3Options) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=options.endpoint,
        region_name=options.region,
        aws_access_key_id=options.access_key,
        aws_secret_access_key=None if options.secret_key is None else options.secret_key.get_secret_value(),
        config=Config(
            connect_timeout=options.timeout_s,
            read_timeout=options.timeout_s,
            retries={"total_max_attempts": options.attempts, "mode": "standard"},
            max_pool_connections=options.threads,
            # Stores other than Amazon's do not all know the checksums that boto3 would send by default.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
