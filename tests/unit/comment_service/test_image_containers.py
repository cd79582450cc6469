"""What is kept of an image's file, and what is not."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from comment_service.media.containers import read_container
from comment_service.media.faults import ImageError, Malformed, MediaFault
from comment_service.media.orientation import orientation
from tests.support.examples import examples
from tests.support.images import animation, opened, picture

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SECRET = b"the garden behind the house"
FORMATS = ["PNG", "JPEG", "GIF", "WEBP"]


def kept(data: bytes) -> bytes:
    return b"".join(read_container(data).pieces)


def exif_of(tag: int, value: object) -> bytes:
    exif = Image.Exif()
    exif[tag] = value
    return exif.tobytes()


def png_with_texts() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", SECRET.decode())
    texts.add_text("Zipped", SECRET.decode() * 10, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    texts.add(b"prVt", SECRET)
    return picture("PNG", pnginfo=texts, exif=exif_of(0x010E, SECRET.decode()))


def jpeg_with_everything() -> bytes:
    data = picture("JPEG", comment=SECRET, exif=exif_of(0x010E, SECRET.decode()), xmp=SECRET, dpi=(300, 300))
    photoshop = b"\xff\xed" + struct.pack(">H", len(SECRET) + 2) + SECRET
    thumbnail = b"\xff\xe0" + struct.pack(">H", 16 + 3) + b"JFIF\0\1\1\1\0\1\0\1\1\1" + SECRET[:3]
    return data[:2] + thumbnail + photoshop + data[2:] + SECRET


def gif_with_everything() -> bytes:
    data = animation("GIF", comment=SECRET)
    xmp = b"\x21\xff\x0bXMP DataXMP" + bytes((len(SECRET),)) + SECRET + b"\0"
    text = b"\x21\x01\x0c" + bytes(12) + bytes((len(SECRET),)) + SECRET + b"\0"
    return data[:-1] + xmp + text + b";" + SECRET


WITH_SECRETS = {
    "PNG": png_with_texts(),
    "JPEG": jpeg_with_everything(),
    "GIF": gif_with_everything(),
    "WEBP": picture("WEBP", exif=exif_of(0x010E, SECRET.decode()), xmp=SECRET) + SECRET,
    "animated WEBP": animation("WEBP", exif=exif_of(0x010E, SECRET.decode()), xmp=SECRET),
}


@pytest.mark.parametrize("name", WITH_SECRETS)
def test_only_the_picture_is_kept(name: str) -> None:
    data = WITH_SECRETS[name]
    assert SECRET in data
    left = kept(data)
    assert SECRET not in left
    before, after = opened(data), opened(left)
    assert (after.size, getattr(after, "n_frames", 1)) == (before.size, getattr(before, "n_frames", 1))
    for number in range(getattr(before, "n_frames", 1)):
        before.seek(number)
        after.seek(number)
        assert after.convert("RGBA").tobytes() == before.convert("RGBA").tobytes()
        assert after.info.get("duration") == before.info.get("duration")
    assert after.info.get("loop") == before.info.get("loop")
    assert kept(left) == left, "there is nothing left to leave out"


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
def test_colours_stay_what_they_are(image_format: str) -> None:
    assert opened(kept(picture(image_format, icc_profile=PROFILE))).info["icc_profile"] == PROFILE


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"subsampling": 0}, {"quality": 10}, {"restart_marker_rows": 1}]
)
def test_every_kind_of_jpeg(options: dict[str, Any]) -> None:
    data = picture("JPEG", (130, 70), **options)
    container = read_container(data)
    assert (container.width, container.height, container.frames) == (130, 70, 1)
    assert opened(kept(data)).tobytes() == opened(data).tobytes()


def test_cmyk_stays_so() -> None:
    file = io.BytesIO()
    Image.new("CMYK", (8, 8), (10, 200, 30, 40)).save(file, "JPEG")
    assert opened(kept(file.getvalue())).tobytes() == opened(file.getvalue()).tobytes()


@pytest.mark.parametrize(
    ("data", "frames"),
    [(animation("GIF", 7), 7), (animation("WEBP", 7), 7), (animation("PNG", 7), 7), (picture("WEBP"), 1)],
)
def test_what_it_says_of_itself(data: bytes, frames: int) -> None:
    container = read_container(data)
    assert (container.width, container.height) == opened(data).size
    assert container.frames == frames


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 50}, {"alpha_quality": 50}])
def test_the_sizes_of_every_kind_of_webp(options: dict[str, Any]) -> None:
    assert (read_container(picture("WEBP", (301, 7), **options)).width) == 301


@pytest.mark.parametrize("image_format", FORMATS)
def test_no_beginning_of_a_file_is_taken_for_all_of_it(image_format: str) -> None:
    data = picture(image_format, (16, 16))
    for length in range(20, len(data), max(1, len(data) // 300)):
        with pytest.raises(Malformed):
            read_container(data[:length])


def test_nothing_of_another_type_is_looked_into() -> None:
    for data in (b"", b"x", b"<svg/>", b"RIFF\0\0\0\0WAVE", b"\x89PNG\r\n", b"GIF88a", b"\xff\xd8"):
        with pytest.raises(ImageError) as refused:
            read_container(data)
        assert refused.value.fault is MediaFault.UNKNOWN_TYPE


def test_a_jpeg_of_a_thousand_scans_is_refused() -> None:
    data = picture("JPEG", progressive=True)
    scan = data.index(b"\xff\xda")
    with pytest.raises(Malformed, match="scans"):
        read_container(data[:scan] + data[scan:-2] * 100 + data[-2:])


SAMPLES = [*WITH_SECRETS.values(), animation("PNG"), picture("JPEG", (16, 16), progressive=True)]


@settings(max_examples=examples(100), deadline=None)
@given(st.sampled_from(SAMPLES), st.data())
def test_whatever_is_done_to_a_file_it_is_read_or_refused(data: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 6))):
        at = draw.draw(st.integers(0, len(damaged) - 1))
        new = draw.draw(st.binary(max_size=5))
        damaged[at : at + draw.draw(st.integers(0, 5))] = new
        if not damaged:
            return
    try:
        container = read_container(bytes(damaged))
    except ImageError:
        return
    left = b"".join(container.pieces)
    again = read_container(left)
    assert (again.width, again.height, again.frames) == (container.width, container.height, container.frames)
    assert b"".join(again.pieces) == left


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(10))
def test_which_way_up_a_picture_is(order: str, value: int) -> None:
    entries = [(0x010F, 2, 4, 0x41424300), (0x0112, 3, 1, value)]
    exif = (b"II" if order == "<" else b"MM") + struct.pack(order + "HIH", 42, 8, len(entries))
    for tag, kind, count, content in entries:
        packed = struct.pack(order + "Hxx", content) if kind == 3 else struct.pack(order + "I", content)
        exif += struct.pack(order + "HHI", tag, kind, count) + packed
    assert orientation(exif) == (value if 1 <= value <= 8 else 1)


@given(st.binary(max_size=60))
def test_an_exif_block_of_anything(data: bytes) -> None:
    for start in (b"", b"II*\0", b"MM\0*"):
        assert 1 <= orientation(start + data) <= 8
    assert orientation(None) == 1
