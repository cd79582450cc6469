from __future__ import annotations

import asyncio
import random

from comment_service.publishing.order import PublishOrder
from livecomments.v1 import event_pb2


class Announced:
    def __init__(self) -> None:
        self.ids: list[int] = []
        self.order = PublishOrder(lambda event: self.ids.append(event.event_id))
        self.writes: dict[int, asyncio.Future[None]] = {}

    def begin(self, event_id: int, video: str = "v") -> None:
        write = asyncio.get_running_loop().create_future()
        self.order.add(event_pb2.Event(live_video_id=video, event_id=event_id), write)
        write.add_done_callback(lambda _: self.order.advance(video))
        self.writes[event_id] = write

    async def end(self, event_id: int, error: Exception | None = None) -> None:
        write = self.writes[event_id]
        if error is None:
            write.set_result(None)
        else:
            write.set_exception(error)
        await asyncio.sleep(0)  # done callbacks run in the loop's next turn


async def test_what_ends_early_waits_for_what_began_before_it() -> None:
    announced = Announced()
    for event_id in (1, 2, 3):
        announced.begin(event_id)
    await announced.end(3)
    await announced.end(2)
    assert announced.ids == []
    await announced.end(1)
    assert announced.ids == [1, 2, 3]
    assert len(announced.order) == 0


async def test_videos_do_not_wait_for_each_other() -> None:
    announced = Announced()
    announced.begin(1, "slow")
    announced.begin(2, "fast")
    await announced.end(2)
    assert announced.ids == [2]


async def test_what_was_not_stored_is_not_announced_and_holds_nothing_up() -> None:
    announced = Announced()
    for event_id in (1, 2, 3):
        announced.begin(event_id)
    await announced.end(2)
    await announced.end(1, ConnectionError("no store"))
    announced.writes[3].cancel()
    await announced.order.drain()
    await asyncio.sleep(0)
    assert announced.ids == [2]
    assert len(announced.order) == 0


async def test_draining_waits_for_every_write() -> None:
    announced = Announced()
    announced.begin(1)
    draining = asyncio.create_task(announced.order.drain())
    await asyncio.sleep(0)
    assert not draining.done()
    await announced.end(1)
    await draining
    assert announced.ids == [1]


async def test_any_order_of_endings_announces_each_video_in_its_order() -> None:
    chance = random.Random(7)
    for _ in range(50):
        announced = Announced()
        ids = list(range(1, 31))
        for event_id in ids:
            announced.begin(event_id, video=f"v{event_id % 3}")
        lost = set(chance.sample(ids, 5))
        for event_id in chance.sample(ids, 30):
            await announced.end(event_id, OSError("lost") if event_id in lost else None)
        for remainder in range(3):
            of_video = [event_id for event_id in announced.ids if event_id % 3 == remainder]
            assert of_video == [n for n in ids if n % 3 == remainder and n not in lost]
