"""Is a file an image that can be kept, and which? Runs in a process of its own (``decoder.py``)."""

from __future__ import annotations

import hashlib
import os
import warnings
from pathlib import Path

from PIL import GifImagePlugin, Image, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from comment_service.media.containers import Container, read_container
from comment_service.media.faults import ImageError, Malformed, MediaFault
from comment_service.media.image import ImageLimits, JudgedImage
from comment_service.media.orientation import orientation

# By being imported they are registered, and no other decoder is.
_PLUGINS = (PngImagePlugin, JpegImagePlugin, GifImagePlugin, WebPImagePlugin)
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}


def judge(source: Path, kept: Path, limits: ImageLimits) -> JudgedImage:
    """Writes what is to be kept of ``source`` to ``kept``, durably, after all of it was decoded.

    Raises ``ImageError``.
    """
    container = read_container(source.read_bytes())
    limits.check(container)
    with kept.open("wb") as file:
        file.writelines(container.pieces)
    width, height = _decode(kept, container, limits)
    return JudgedImage(_sync_and_hash(kept), container.content_type, width, height)


def _decode(kept: Path, container: Container, limits: ImageLimits) -> tuple[int, int]:
    """Decodes what was written, and turns it upright where it has to be. Returns width and height."""
    Image.MAX_IMAGE_PIXELS = limits.pixels
    image_format = _FORMATS[container.content_type]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(kept, formats=[image_format]) as image:
                _decode_frames(image, container)
                turned = orientation(container.exif)
                if turned != 1 and container.frames == 1:
                    return _turn_upright(image, turned, kept, _is_lossless(container))
                return image.size
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
        raise ImageError(MediaFault.TOO_MANY_PIXELS, "needs too much memory to be decoded") from None
    except ImageError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever their parsing runs into
        raise Malformed(f"cannot be decoded as {image_format}") from error


def _decode_frames(image: Image.Image, container: Container) -> None:
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        image.load()
    if image.size != (container.width, container.height):
        raise Malformed("is not of the size that it says")


def _turn_upright(image: Image.Image, turned: int, kept: Path, lossless: bool) -> tuple[int, int]:
    """The one case in which pixels are encoded anew: a JPEG with the tables that it had, the rest as well as it was."""
    options: dict[str, object] = {"icc_profile": image.info.get("icc_profile"), "exif": b""}
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        swapped = turned >= 5
        options |= {
            "qtables": {key: _transposed(table) if swapped else table for key, table in image.quantization.items()},
            # 4:2:0 is the same when it is turned; of the rest nothing is thrown away.
            "subsampling": 2 if JpegImagePlugin.get_sampling(image) == 2 else 0,
            "progressive": bool(image.info.get("progressive")),
            "optimize": True,
        }
    elif isinstance(image, WebPImagePlugin.WebPImageFile):
        options |= {"lossless": lossless, "quality": 95}
    image_format = image.format
    image.getexif()[0x0112] = turned  # the block itself was left out
    upright = ImageOps.exif_transpose(image)
    upright.save(kept, image_format, **options)
    return upright.size


def _is_lossless(container: Container) -> bool:
    return any(piece[:4] == b"VP8L" for piece in container.pieces)


def _transposed(table: list[int]) -> list[int]:
    """A quantisation table for a picture whose rows have become columns."""
    return [table[8 * (n % 8) + n // 8] for n in range(64)]


def _sync_and_hash(path: Path) -> str:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()
