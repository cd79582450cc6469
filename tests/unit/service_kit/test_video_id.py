from __future__ import annotations

import pytest

from service_kit.video_id import is_video_id


@pytest.mark.parametrize("text", ["a", "match-42", "A_b-9", "x" * 64])
def test_a_video_id(text: str) -> None:
    assert is_video_id(text)


@pytest.mark.parametrize("text", ["", "x" * 65, "a b", "a/b", "ä", "a\n", "a.", "%2D", "١", "a\0"])
def test_not_a_video_id(text: str) -> None:
    assert not is_video_id(text)
