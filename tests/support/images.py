"""Images for uploads, and forms to upload them with."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

BOUNDARY = "a-boundary-of-the-tests"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def picture(image_format: str = "PNG", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    """A picture of noise, each time another one. ``options`` are for Pillow's encoder."""
    file = io.BytesIO()
    noise = Image.effect_noise(size, 80).convert("RGB")
    noise.save(file, image_format, **options)
    return file.getvalue()


def animation(image_format: str = "GIF", frames: int = 3, size: tuple[int, int] = (16, 12), **options: Any) -> bytes:
    """So many frames, each of another colour."""
    pictures = [Image.new("RGB", size, (40 * n % 256, 255 - 40 * n % 256, n % 256)) for n in range(frames)]
    file = io.BytesIO()
    pictures[0].save(file, image_format, save_all=True, append_images=pictures[1:], duration=100, loop=0, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    """As whoever gets it sees it."""
    return Image.open(io.BytesIO(data))


def part(data: bytes, *, name: str = "file", filename: str | None = "a.png", content_type: str = "image/png") -> bytes:
    """One part of a form."""
    disposition = f'form-data; name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\nContent-Type: {content_type}\r\n\r\n"
    return head.encode() + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    """The body of a form."""
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
