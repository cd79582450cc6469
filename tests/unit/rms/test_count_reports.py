"""One dispatcher is told everything, in bounded messages, for as long as it listens."""

from __future__ import annotations

import asyncio

from rms.count_reports import MAX_COUNTS, ViewerCount, report_counts
from rms.viewer_counts import ViewerCounts
from tests.support.eventually import eventually


async def test_a_report_goes_in_messages_of_bounded_length_and_ends_with_its_stream() -> None:
    counts = ViewerCounts()
    wanted = {f"video-{number}": number + 1 for number in range(2 * MAX_COUNTS + 1)}
    for video, count in wanted.items():
        counts.set(video, count)
    messages: list[list[ViewerCount]] = []

    async def send(viewers: list[ViewerCount]) -> None:
        messages.append(viewers)

    reports = asyncio.create_task(report_counts(counts, send, every_s=0.01))
    await eventually(lambda: len(messages) == 3)
    assert [len(message) for message in messages] == [MAX_COUNTS, MAX_COUNTS, 1]
    assert {told.live_video_id: told.count for message in messages for told in message} == wanted

    counts.set("video-7", 0)
    await eventually(lambda: len(messages) == 4)
    assert [(told.live_video_id, told.count) for told in messages[3]] == [("video-7", 0)]

    reports.cancel()
    await asyncio.gather(reports, return_exceptions=True)
    assert not counts.listeners
