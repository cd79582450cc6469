"""The comment service's two edges on a real store, without ZooKeeper."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from prometheus_client import CollectorRegistry

from comment_service.accounts import AttemptLimits, Attempts, Passwords
from comment_service.api.dev_token import DevTokens
from comment_service.api.handler import Context, Traffic
from comment_service.api.image_form import FORM_BYTES
from comment_service.api.limits import BodyRule, RequestLimits
from comment_service.api.server import UPLOAD_PATH, HttpServer
from comment_service.history.page_cache import CacheLimits
from comment_service.media.build import build_media
from comment_service.metrics import CommentServiceMetrics
from comment_service.rates import Rates
from comment_service.reactions.announcements import ReactionLimits
from comment_service.rpc.accounts import AccountServicer
from comment_service.rpc.comments import CommentServicer
from comment_service.rpc.media import MediaServicer
from comment_service.rpc.moderation import ModerationServicer
from comment_service.rpc.reactions import ReactionServicer
from comment_service.services import ModerationParts, OwnAccounts, build_services
from comment_service.settings import CommentServiceSettings
from comment_service.store.sqlite import SqliteLimits, SqliteStore
from comment_service.store_calls import StoreCalls
from coordination.ids import CommentIds
from livecomments.v1 import comment_service_pb2_grpc
from service_kit.auth.keys import OneKey
from service_kit.auth.tickets import Tickets
from service_kit.auth.tokens import TokenSigner, TokenVerifier
from service_kit.grpc_server import GrpcServer
from service_kit.settings import load
from tests.integration.comment_service.edges import CHEAP, SECRET, Clock, Edges, Http, Published


@pytest.fixture
def store_limits() -> SqliteLimits:
    """What a test may replace."""
    return SqliteLimits()


@pytest.fixture
def media_settings() -> dict[str, object]:
    """What a test may replace: settings of images that are not the defaults."""
    return {}


@pytest.fixture
def read_needs_token() -> bool:
    """What a test may replace."""
    return False


@pytest.fixture
def tickets() -> Tickets | None:
    """What a test may replace: who posts has to be watching."""
    return None


@pytest.fixture
def clock() -> Clock:
    """What the attempts to log in are counted by."""
    return Clock()


@pytest.fixture
def own_accounts(clock: Clock) -> OwnAccounts | None:
    """Cheap passwords, and few attempts. A test may replace it."""
    limits = AttemptLimits(logins_per_username=3, logins_per_address=5, registrations_per_address=6)
    return OwnAccounts(
        TokenSigner(SECRET, 3_600), Passwords(CHEAP, threads=1, max_waiting=8), Attempts(limits, now_s=clock)
    )


@pytest.fixture
def reaction_limits() -> ReactionLimits:
    """What a test may replace."""
    return ReactionLimits(gather_s=0.05)


@pytest.fixture
def moderation() -> ModerationParts:
    """A ban counts at once, as if each post asked the store. A test may replace it."""
    return ModerationParts(ban_cache_s=0.0)


@pytest.fixture
def rates() -> Rates | None:
    """No limits. A test may replace it."""
    return None


@pytest.fixture
def history_limits() -> CacheLimits:
    """What a test may replace."""
    return CacheLimits()


@pytest.fixture
async def edges(
    tmp_path: Path,
    store_limits: SqliteLimits,
    media_settings: dict[str, object],
    read_needs_token: bool,
    own_accounts: OwnAccounts | None,
    tickets: Tickets | None,
    reaction_limits: ReactionLimits,
    moderation: ModerationParts,
    rates: Rates | None,
    history_limits: CacheLimits,
) -> AsyncIterator[Edges]:
    registry = CollectorRegistry()
    metrics = CommentServiceMetrics(registry)
    store = SqliteStore(tmp_path / "comments.sqlite3", store_limits, on_batch=metrics.on_batch)
    published, traffic = Published(), Traffic()
    verifier = TokenVerifier(OneKey.from_secret(SECRET))
    settings = load(CommentServiceSettings, {"jwt_secret": SECRET, "data": tmp_path, **media_settings})
    media = build_media(settings, store, StoreCalls(metrics), registry)
    uploads = BodyRule(settings.media_max_bytes + FORM_BYTES, forms=True, timeout_s=settings.media_upload_timeout_s)
    services = build_services(
        store,
        CommentIds(0, 1).next,
        published,
        verifier,
        metrics,
        media=media,
        read_needs_token=read_needs_token,
        own_accounts=own_accounts,
        tickets=tickets,
        reaction_limits=reaction_limits,
        moderation=moderation,
        rates=rates,
        history_limits=history_limits,
    )
    server = HttpServer(
        "127.0.0.1",
        0,
        context=Context(services, metrics, traffic),
        limits=RequestLimits(4096, 16 * 1024, 64 * 1024, {UPLOAD_PATH: uploads}),
        dev_tokens=DevTokens(SECRET, 3_600),
    )
    assert media is not None
    servicers = (
        CommentServicer(services, metrics),
        ReactionServicer(services, metrics),
        AccountServicer(services, metrics),
        ModerationServicer(services, metrics),
        MediaServicer(services, media, metrics),
    )
    grpc_server = GrpcServer("127.0.0.1", 0, services=[servicer.service() for servicer in servicers])
    await store.start()
    await media.start()
    await server.start()
    await grpc_server.start()
    http = Http(server.port)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{grpc_server.port}") as channel:
        stub = comment_service_pb2_grpc.CommentServiceStub(channel)
        yield Edges(http, stub, grpc_server.port, store, published, registry, traffic, server, services)
    http.close()
    await grpc_server.aclose()
    await server.aclose()
    await services.reactions.drain()
    services.close()
    await media.aclose()
    await store.aclose()
