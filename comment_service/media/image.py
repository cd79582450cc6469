"""What an image may be, and what was found of one. Pure, and cheap to import: each decoder process does."""

from __future__ import annotations

from dataclasses import dataclass

from comment_service.media.containers import Container
from comment_service.media.faults import ImageError, MediaFault


@dataclass(frozen=True, slots=True)
class JudgedImage:
    """An image that can be kept. ``media_id``: the SHA-256 of its bytes, in hex; ``width`` and ``height`` in pixels."""

    media_id: str
    content_type: str
    width: int
    height: int


@dataclass(frozen=True)
class ImageLimits:
    """``pixels`` of one picture; ``frames`` of an animation, and ``all_pixels`` of them together."""

    pixels: int = 40_000_000
    frames: int = 1_000
    all_pixels: int = 200_000_000

    def check(self, container: Container) -> None:
        """By what the file says of itself, before anything is decoded. Raises ``ImageError``."""
        pixels = container.width * container.height
        if pixels > self.pixels:
            problem = f"has {container.width} × {container.height} pixels; {self.pixels} are possible"
            raise ImageError(MediaFault.TOO_MANY_PIXELS, problem)
        if container.frames > self.frames:
            raise ImageError(MediaFault.TOO_MANY_FRAMES, f"has {container.frames} frames; {self.frames} are possible")
        if container.frames * pixels > self.all_pixels:
            problem = f"has {container.frames * pixels} pixels in all its frames; {self.all_pixels} are possible"
            raise ImageError(MediaFault.TOO_MANY_PIXELS, problem)
