"""What a request for a stream may look like; the refusals are tested over HTTP too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rms.stream_request import StreamRequest, parse_stream_request
from service_kit.problem import Problem

PATH = "/comments/match-42/stream"


def parse(target: str = PATH, *headers: tuple[str, str], method: str = "GET") -> StreamRequest:
    return parse_stream_request(method, target, headers)


def test_the_plain_request() -> None:
    assert parse() == StreamRequest("match-42", resume_after=None, backlog=100, attempt=None)


def test_everything_given() -> None:
    request = parse(f"{PATH}?backlog=0&lastEventId=7&clientId=c&t=1&t=2", ("X-Envoy-Attempt-Count", "2"))
    assert request == StreamRequest("match-42", resume_after=7, backlog=0, attempt=2)


def test_the_header_wins_over_the_parameter() -> None:
    assert parse(f"{PATH}?lastEventId=7", ("LAST-EVENT-ID", "9")).resume_after == 9


def test_an_escaped_video_id_is_the_same_video() -> None:
    assert parse("/comments/match%2D42/stream").video == "match-42"


@pytest.mark.parametrize("count", ["x", "-1", "", "1.5", "9" * 30])
def test_an_attempt_count_that_is_none_is_none(count: str) -> None:
    assert parse(PATH, ("x-envoy-attempt-count", count)).attempt is None


@given(st.integers(0, 2**64 - 1), st.integers(0, 1000))
def test_every_id_and_backlog_in_range_is_taken(event_id: int, backlog: int) -> None:
    request = parse(f"{PATH}?lastEventId={event_id}&backlog={backlog}")
    assert (request.resume_after, request.backlog) == (event_id, backlog)


@given(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", ""]),
    st.one_of(st.text(max_size=200), st.text(max_size=60).map(lambda query: f"{PATH}?{query}")),
    st.lists(
        st.tuples(st.sampled_from(["Last-Event-ID", "x-envoy-attempt-count", "Content-Length"]), st.text(max_size=30)),
        max_size=3,
    ),
)
def test_anything_else_is_a_problem_with_a_4xx(method: str, target: str, headers: list[tuple[str, str]]) -> None:
    try:
        request = parse_stream_request(method, target, headers)
    except Problem as refused:
        problem = refused
    else:
        assert method == "GET"
        assert 0 <= request.backlog <= 1000
        return
    assert 400 <= problem.status < 500
    assert problem.body()


def test_too_many_parameters() -> None:
    with pytest.raises(Problem) as refused:
        parse(f"{PATH}?{'&'.join('a=1' for _ in range(65))}")
    assert refused.value.status == 400


def test_a_body_is_refused_but_an_empty_one_is_none() -> None:
    assert parse(PATH, ("Content-Length", "0")).video == "match-42"
    for header in (("Content-Length", "1"), ("Transfer-Encoding", "chunked")):
        with pytest.raises(Problem, match="body"):
            parse(PATH, header)


@pytest.mark.parametrize(
    ("accepted", "gzip"),
    [
        ([], False),
        (["gzip"], True),
        (["GZIP"], True),
        (["x-gzip"], True),
        (["gzip, deflate, br, zstd"], True),
        (["br", "gzip"], True),
        (["br;q=1.0, gzip;q=0.5"], True),
        (["gzip ; q=0.001"], True),
        (["*"], True),
        (["gzip;q=0"], False),
        (["gzip;q=0.000, *;q=1"], False),
        (["*;q=0"], False),
        (["br, deflate"], False),
        (["identity"], False),
        (["gzip;q=0.5, identity;q=0.9"], False),
        (["gzip, identity"], True),
        (["gzip;q=2"], False),
        (["gzip;q=nan"], False),
        (["gzip;q="], False),
        (["gzip;level=9"], False),
        ([""], False),
        ([";;;,,,q=1"], False),
        (["gzipped"], False),
    ],
)
def test_gzip_is_for_who_likes_it_best_of_what_there_is(accepted: list[str], gzip: bool) -> None:
    assert parse(PATH, *(("Accept-Encoding", value) for value in accepted)).accepts_gzip is gzip
