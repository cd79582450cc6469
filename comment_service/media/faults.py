"""Why an upload is no image that can be kept: the same code in the log and in the metric's label."""

from __future__ import annotations

from enum import StrEnum


class MediaFault(StrEnum):
    """What is wrong with it."""

    UNKNOWN_TYPE = "unknown_type"
    MALFORMED = "malformed"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_FRAMES = "too_many_frames"
    TOO_SLOW = "too_slow"
    DECODER_DIED = "decoder_died"


class ImageError(Exception):
    """The bytes are no image that can be kept. ``problem`` completes a sentence about them: ``ends too early``."""

    def __init__(self, fault: MediaFault, problem: str) -> None:
        super().__init__(problem)
        self.fault = fault
        self.problem = problem


class Malformed(ImageError):
    """It begins as an image of one of the four types and does not go on as one."""

    def __init__(self, problem: str) -> None:
        super().__init__(MediaFault.MALFORMED, problem)
