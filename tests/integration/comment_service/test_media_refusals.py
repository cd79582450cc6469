"""What is no image that can be kept, and uploads that do not go as they should: refused, with nothing left behind."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.comment_service.edges import BEARER, VIDEO, Answer, Edges, RawConnection
from tests.support.eventually import eventually
from tests.support.images import BOUNDARY, FORM, animation, form, opened, part, picture

MIB = 1024 * 1024
HTML = b"<html><script>alert(1)</script></html>"
HEAD = "".join(f"{name}: {value}\r\n" for name, value in (BEARER | FORM | {"Host": "x"}).items())


@pytest.fixture
def media_settings() -> dict[str, object]:
    return {
        "media_max_uploads": 2,
        "media_spool_max_bytes": 8 * MIB,
        "media_upload_timeout_s": 1.0,
        "media_max_pixels": 1_000_000,
        "media_max_frames": 50,
        "media_max_all_pixels": 2_000_000,
    }


@pytest.fixture
def raw(edges: Edges) -> Iterator[RawConnection]:
    connection = RawConnection(edges.http.port)
    yield connection
    connection.close()


async def post(edges: Edges, body: bytes, **headers: str) -> Answer:
    return await edges.http("POST", "/media", body, BEARER | FORM | headers)


async def assert_refused(edges: Edges, answer: Answer, status: int, says: str = "") -> None:
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert says in answer.json["detail"]
    await nothing_is_left(edges)


async def nothing_is_left(edges: Edges) -> None:
    folder = edges.store.path.parent
    assert list(folder.glob("media/??/??/*")) == []
    assert list(folder.glob("media-spool/*/*")) == []
    assert await edges.store.media.abandoned(uploaded_until_ms=2**60, now_ms=2**60, limit=1) == []
    assert edges.services.media is not None
    spool = edges.services.media.spool
    assert (spool.uploads, spool.bytes) == (0, 0)
    await eventually(lambda: edges.traffic.in_flight == 0)


def png(width: int, height: int, *, scan_lines: int = 0) -> bytes:
    """One that says it is so large, with so many lines of zeros in it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes((1 + width) * scan_lines), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


NO_IMAGES = {
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 415, "neither PNG nor"),
    "html": (HTML, 415, "neither"),
    "tiff": (picture("TIFF"), 415, "neither"),
    "bmp": (picture("BMP"), 415, "neither"),
    "avif": (picture("AVIF"), 415, "neither"),
    "pdf": (b"%PDF-1.7\n" + bytes(100), 415, "neither"),
    "riff": (b"RIFF\x24\0\0\0WAVEfmt ", 415, "neither"),
    "one byte": (b"\x89", 415, "neither"),
    "nothing": (b"", 400, "file is empty"),
    "a bomb": (png(30_000, 30_000, scan_lines=30), 400, "30000 × 30000 pixels"),
    "a bomb that is no picture": (png(2**31 - 1, 2**31 - 1), 400, "pixels"),
    "no pixels": (png(0, 10), 400, "has no pixels"),
    "many frames": (animation(frames=51), 400, "51 frames"),
    "many pixels in all frames": (animation(frames=30, size=(300, 300)), 400, "in all its frames"),
    "half a PNG": (half(picture("PNG")), 400, "ends too early"),
    "half a JPEG": (half(picture("JPEG")), 400, "ends too early"),
    "half a GIF": (half(picture("GIF")), 400, "ends too early"),
    "half a WebP": (half(picture("WEBP")), 400, "ends too early"),
    "a head alone": (b"\xff\xd8\xff\xe0" + HTML, 400, "JPEG"),
    "a GIF of nothing": (b"GIF89a" + struct.pack("<HHBBB", 10, 10, 0, 0, 0) + b";", 400, "without a picture"),
}


@pytest.mark.parametrize("name", NO_IMAGES)
async def test_what_is_no_image_is_refused(edges: Edges, name: str) -> None:
    data, status, says = NO_IMAGES[name]
    await assert_refused(edges, await post(edges, form(part(data))), status, says)


async def test_a_damaged_picture_is_refused_or_at_least_decodes(edges: Edges) -> None:
    data = bytearray(picture("PNG"))
    data[len(data) // 2] ^= 0xFF
    await assert_refused(edges, await post(edges, form(part(bytes(data)))), 400, "cannot be decoded")


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "WEBP"])
async def test_a_page_that_is_a_picture_too_is_served_as_a_picture(edges: Edges, image_format: str) -> None:
    options: dict[str, Any] = {"WEBP": {"xmp": HTML}, "PNG": {}}.get(image_format, {"comment": HTML})
    data = picture(image_format, **options) + HTML
    answer = await post(edges, form(part(data, filename="page.html", content_type="text/html")))
    assert answer.status == 201
    got = await edges.http.get(answer.headers["Location"], Accept="text/html")
    assert b"script" not in got.body
    assert got.headers["Content-Type"] == f"image/{image_format.lower()}"
    assert (got.headers["X-Content-Type-Options"], got.headers["Content-Disposition"]) == ("nosniff", "inline")
    assert "sandbox" in got.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "filename",
    ["../../../etc/cron.d/x", "C:\\x.png", "a.php", "\x00.png", "x" * 2_000, "ä 😀.svg", None, ""],
)
async def test_a_file_s_name_and_its_type_are_not_looked_at(edges: Edges, filename: str | None) -> None:
    answer = await post(edges, form(part(picture("JPEG"), filename=filename, content_type="application/x-sh")))
    assert (answer.status, answer.json["contentType"]) == (201, "image/jpeg")
    folder = edges.store.path.parent
    files = [path.name for path in folder.rglob("*") if path.is_file() and "sqlite3" not in path.name]
    assert files == [answer.json["mediaId"]]


BODIES = {
    "no part": (form(), 400, "file is missing"),
    "another part": (form(part(picture(), name="image")), 400, "not named file"),
    "two images": (form(part(picture()), part(picture())), 400, "more than one part"),
    "an image and a field": (form(part(picture()), part(b"x", name="x", filename=None)), 400, "more than one part"),
    "no end": (part(picture()), 400, "is no form"),
    "no boundary in it": (picture(), 400, "is no form"),
    "nothing at all": (b"", 400, "is no form"),
    "a part without a name": (
        b"--%s\r\nContent-Type: image/png\r\n\r\nx\r\n--%s--\r\n" % (BOUNDARY.encode(), BOUNDARY.encode()),
        400,
        "is no form",
    ),
    "a huge header": (form(part(picture(), filename="x" * 10_000)), 400, "is no form"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_that_is_no_form_with_one_file(edges: Edges, name: str) -> None:
    body, status, says = BODIES[name]
    await assert_refused(edges, await post(edges, body), status, says)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 415),
        ("image/png", 415),
        ("multipart/mixed; boundary=x", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=" + "x" * 71, 400),
    ],
)
async def test_a_body_of_another_type(edges: Edges, content_type: str, status: int) -> None:
    body = form(part(picture()))
    await assert_refused(edges, await post(edges, body, **{"Content-Type": content_type}), status)
    zipped = await post(edges, body, **{"Content-Encoding": "gzip"})
    await assert_refused(edges, zipped, 415, "Content-Encoding")


async def test_without_a_token_it_is_401_also_after_the_whole_body(edges: Edges) -> None:
    answer = await edges.http("POST", "/media", form(part(bytes(5 * MIB))), FORM)
    await assert_refused(edges, answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_another_method_is_405(edges: Edges, method: str) -> None:
    body = None if method == "GET" else form(part(picture()))
    answer = await edges.http(method, "/media", body, BEARER | FORM)
    await assert_refused(edges, answer, 405)
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("media_id", ["", "x", "0" * 64, "A" * 64, "0" * 63, "../" * 8, "%2e%2e%2f", "0" * 64 + "/x"])
async def test_what_is_no_image_is_404(edges: Edges, media_id: str) -> None:
    await assert_refused(edges, await edges.http.get(f"/media/{media_id}"), 404)


async def test_five_mebibytes_are_possible_and_one_byte_more_is_413(edges: Edges) -> None:
    image = picture()
    padding = 5 * MIB - len(image)  # after its end, where it is read and dropped
    assert (await post(edges, form(part(image + bytes(padding + 1))))).status == 413
    await nothing_is_left(edges)
    answer = await post(edges, form(part(image + bytes(padding))))
    assert answer.status == 201
    got = await edges.http.get(answer.headers["Location"])
    assert opened(got.body).tobytes() == opened(image).tobytes()


async def test_a_body_over_all_that_is_refused_before_it_has_come(edges: Edges, raw: RawConnection) -> None:
    request = f"POST /media HTTP/1.1\r\n{HEAD}Content-Length: {2**40}\r\n\r\n".encode()
    raw.send(request + form(part(bytes(1_000))))
    await assert_refused(edges, await asyncio.to_thread(raw.answer), 413, "body is over")


async def test_a_chunked_body_over_the_limit_is_413(edges: Edges, raw: RawConnection) -> None:
    raw.send(f"POST /media HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"

    def send() -> Answer:
        first = part(b"")[:-2]
        raw.send(b"%x\r\n%b\r\n" % (len(first), first))
        for _ in range(100):
            raw.send(chunk)
        return raw.answer()

    await assert_refused(edges, await asyncio.to_thread(send), 413, "body is over")


async def test_a_body_that_does_not_come_is_408(edges: Edges, raw: RawConnection) -> None:
    begun = form(part(picture()))[:-10]
    raw.send(f"POST /media HTTP/1.1\r\n{HEAD}Content-Length: 50000\r\n\r\n".encode() + begun)
    await assert_refused(edges, await asyncio.to_thread(raw.answer), 408, "within 1 s")
    assert edges.metric("requests_refused_total", edge="http", reason="too_slow") == 1
    assert await asyncio.to_thread(raw.is_closed)


async def test_no_more_uploads_at_a_time_than_may_be(edges: Edges) -> None:
    begun = [RawConnection(edges.http.port) for _ in range(2)]
    for connection in begun:
        connection.send(f"POST /media HTTP/1.1\r\n{HEAD}Content-Length: 5000\r\n\r\n".encode() + part(b"x"))
    assert edges.services.media is not None
    spool = edges.services.media.spool
    await eventually(lambda: spool.uploads == 2)
    refused = await post(edges, form(part(picture())))
    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    for connection in begun:
        connection.close()
    await eventually(lambda: spool.uploads == 0)
    await nothing_is_left(edges)
    assert (await post(edges, form(part(picture())))).status == 201


async def test_no_more_bytes_of_uploads_than_may_be(edges: Edges) -> None:
    begun = RawConnection(edges.http.port)
    head = f"POST /media HTTP/1.1\r\n{HEAD}Content-Length: {5 * MIB}\r\n\r\n".encode()
    sending = asyncio.get_running_loop().run_in_executor(None, begun.send, head + part(bytes(4 * MIB + 500_000))[:-2])
    assert edges.services.media is not None
    spool = edges.services.media.spool
    await eventually(lambda: spool.bytes > 4 * MIB)
    await sending
    refused = await post(edges, form(part(bytes(4 * MIB))))
    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    begun.close()
    await eventually(lambda: spool.uploads == 0)
    await nothing_is_left(edges)


@pytest.mark.parametrize(
    ("media", "says"),
    [
        (["0" * 64], "0" * 64),
        (["x"], "no image has"),
        ([f"{n:064x}" for n in range(5)], "5 images; 4"),
        (["0" * 64, "0" * 64], "twice"),
        ("0" * 64, "list of strings"),
        ([7], "list of strings"),
    ],
)
async def test_a_post_with_images_that_cannot_be(edges: Edges, media: object, says: str) -> None:
    answer = await edges.http.post(f"/comments/{VIDEO}", {"content": "look", "media": media})
    assert answer.status == 400
    assert answer.json["detail"].startswith("media ")
    assert says in answer.json["detail"]
    assert await edges.stored() == []
