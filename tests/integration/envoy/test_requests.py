"""Posts and reads: which comment service gets them, and that a comment is never posted twice."""

from __future__ import annotations

import asyncio
from collections import Counter

from lb.envoy.clusters import COMMENT_SERVICE
from tests.support.envoy import Edge

USERS = [f"Bearer token-{n}" for n in range(40)]


async def post(edge: Edge, user: str) -> tuple[int, str]:
    answer = await edge.request("POST", "/comments/match", {"Authorization": user}, body=b'{"content": "hi"}')
    return answer.status, answer.node


async def test_one_user_s_posts_meet_one_comment_service(edge: Edge) -> None:
    for user in USERS[:10]:
        assert len({await post(edge, user) for _ in range(5)}) == 1, user


async def test_users_spread_over_the_comment_services(edge: Edge) -> None:
    share = Counter([(await post(edge, user))[1] for user in USERS])
    assert len(share) == 2
    assert min(share.values()) >= 8, share


async def test_attempts_to_log_in_from_one_address_meet_one_comment_service(edge: Edge) -> None:
    answers = [await edge.request("POST", "/auth/login", {}, body=b"{}") for _ in range(20)]
    assert len({answer.node for answer in answers}) == 1
    assert {answer.status for answer in answers} == {200}


async def test_reads_go_anywhere(edge: Edge) -> None:
    nodes = {(await edge.request("GET", "/comments/match", {"Authorization": USERS[0]})).node for _ in range(40)}
    assert nodes == {"comment-service-1", "comment-service-2"}


async def test_a_post_that_was_sent_is_not_sent_again(edge: Edge) -> None:
    for backend in edge.comment_services:
        backend.behaviour.status = 0  # takes the post, then breaks off without an answer
    for user in USERS[:10]:
        answer = await edge.request("POST", "/comments/match", {"Authorization": user}, body=b"{}")
        assert answer.problem()["title"] == "Service Unavailable"
        assert answer.headers["retry-after"] == "1"
    assert sum(len(backend.seen) for backend in edge.comment_services) == 10


async def test_an_error_of_the_service_s_own_reaches_the_user_as_it_is(edge: Edge) -> None:
    for backend in edge.comment_services:
        backend.behaviour.status = 503
    answer = await edge.request("POST", "/comments/match", {"Authorization": USERS[0]}, body=b"{}")
    assert (answer.status, answer.body) == (503, answer.node.encode())
    assert sum(len(backend.seen) for backend in edge.comment_services) == 1


async def test_a_post_to_a_dead_comment_service_goes_to_the_next(edge: Edge) -> None:
    await edge.comment_services[0].aclose()
    answers = [await post(edge, user) for user in USERS]
    assert set(answers) == {(200, "comment-service-2")}
    assert len(edge.comment_services[1].seen) == len(USERS)


async def test_a_read_goes_to_the_next_when_the_first_breaks_off(edge: Edge) -> None:
    edge.comment_services[0].behaviour.status = 0
    answers = [await edge.request("GET", f"/comments/match-{n}") for n in range(20)]
    assert {(answer.status, answer.node) for answer in answers} == {(200, "comment-service-2")}
    assert edge.comment_services[0].seen, "none was tried at the broken one"


async def test_a_service_that_left_gets_nothing_more(edge: Edge) -> None:
    edge.control_plane.assign(COMMENT_SERVICE, [edge.comment_services[1].record])
    await edge.settled(COMMENT_SERVICE, 1)
    assert {await post(edge, user) for user in USERS} == {(200, "comment-service-2")}


async def test_a_body_is_taken_in_before_the_service_is_asked(edge: Edge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(b"POST /comments/match HTTP/1.1\r\nHost: edge\r\nContent-Length: 4\r\n\r\nab")
    await post(edge, USERS[0])
    assert [seen.body for backend in edge.comment_services for seen in backend.seen] == [b'{"content": "hi"}']
    writer.write(b"cd")
    assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 200")
    assert b"abcd" in [seen.body for backend in edge.comment_services for seen in backend.seen]
    writer.close()
