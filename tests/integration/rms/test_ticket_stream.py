"""The tickets in a stream, on both links."""

from __future__ import annotations

import json
import time

import pytest

from rms.settings import RmsSettings
from service_kit.auth.tickets import Tickets
from service_kit.errors import SettingsError
from service_kit.settings import load
from tests.integration.rms.conftest import StartRms, Watch
from tests.integration.rms.node import VIDEO, CommentNode, Writer, has
from tests.integration.rms.test_tokens import ask, links
from tests.support.eventually import eventually
from tests.support.viewers import Viewer

SECRET = "a secret of the tests long enough for tickets"
TICKETS = Tickets([SECRET])
ON = {"post_needs_ticket": True, "ticket_secrets": SECRET}


def tickets_of(viewer: Viewer) -> list[dict[str, str]]:
    return [event.json() for event in viewer.events if event.event == "ticket"]


@links
async def test_a_viewer_has_a_ticket_from_the_first_bytes_on(
    comment_node: CommentNode, start_rms: StartRms, link: str
) -> None:
    server = await start_rms(**ON)
    stream = await ask(link, server, b"expiresAt", [])
    first, _, rest = stream.received.partition(b"\n\n")
    assert first.startswith(b"retry: ")
    (data,) = [line for line in rest.split(b"\n") if line.startswith(b"data: ")]
    ticket = json.loads(data.removeprefix(b"data: "))
    TICKETS.check(ticket["ticket"], VIDEO, time.time() + 79)
    assert ticket["expiresAt"].endswith("Z")


@pytest.mark.parametrize("accept", ["identity", "gzip"])
async def test_it_is_renewed_and_who_comes_back_has_it_as_well(
    comment_node: CommentNode, start_rms: StartRms, watch: Watch, accept: str
) -> None:
    writer = Writer()
    comment = writer.comment("said before")
    await comment_node.store_all([comment])
    server = await start_rms(**ON, ticket_lifetime_s=3, rider_wait_s=0.1)
    viewer = await watch(server, headers={"Accept-Encoding": accept})
    await eventually(lambda: len(tickets_of(viewer)) >= 4)
    told = [ticket["ticket"] for ticket in tickets_of(viewer)]
    assert len(set(told)) >= 3
    TICKETS.check(told[-1], VIDEO, time.time())
    await eventually(has(viewer, comment=comment))
    back = await watch(server, headers={"Last-Event-ID": str(comment.comment_id)})
    await eventually(lambda: tickets_of(back) != [])
    assert back.ids == []


async def test_by_default_there_are_none(comment_node: CommentNode, start_rms: StartRms, watch: Watch) -> None:
    comment = Writer().comment("said before")
    await comment_node.store_all([comment])
    viewer = await watch(await start_rms(ticket_secrets=SECRET))
    await eventually(has(viewer, comment=comment))
    assert tickets_of(viewer) == []


@pytest.mark.parametrize("secrets", [None, "", "short", SECRET + ",short"])
def test_without_good_secrets_no_node_starts(secrets: str | None) -> None:
    with pytest.raises(SettingsError, match="32 bytes") as refused:
        load(RmsSettings, {"post_needs_ticket": True, "ticket_secrets": secrets})
    assert SECRET not in str(refused.value)
