"""One comment service: its parts, put together, started, drained and let go."""

from __future__ import annotations

import asyncio
import uuid

import structlog

from comment_service.accounts import Attempts, Passwords
from comment_service.api.dev_token import DevTokens
from comment_service.api.handler import Context, Traffic
from comment_service.api.image_form import FORM_BYTES
from comment_service.api.limits import BodyRule, RequestLimits
from comment_service.api.server import UPLOAD_PATH, HttpServer
from comment_service.media.build import build_media
from comment_service.metrics import CommentServiceMetrics
from comment_service.moderation.words.word_list import WordFileError, WordList
from comment_service.publishing.publisher import Publisher, PublisherLimits
from comment_service.rates import Rates, SlidingWindows
from comment_service.rates.addresses import TrustedProxies
from comment_service.reactions.announcements import ReactionLimits
from comment_service.rpc.accounts import AccountServicer
from comment_service.rpc.comments import CommentServicer
from comment_service.rpc.media import MediaServicer
from comment_service.rpc.moderation import ModerationServicer
from comment_service.rpc.reactions import ReactionServicer
from comment_service.services import ModerationParts, OwnAccounts, Services, build_services
from comment_service.settings import CommentServiceSettings
from comment_service.store import StoreError
from comment_service.store_calls import StoreCalls
from comment_service.stores import build_store
from coordination.errors import CoordinationError
from coordination.ids import CommentIds, WorkerIdLease
from coordination.membership import DISPLACED, Membership, MembershipView, NodeRecord, Role
from coordination.session import ZooKeeperSession
from service_kit.admin import AdminServer
from service_kit.auth.settings import token_verifier
from service_kit.auth.tokens import TokenSigner
from service_kit.coordination_metrics import MembershipMetrics, SessionMetrics
from service_kit.errors import StartupError
from service_kit.grpc_client import channels
from service_kit.grpc_server import GrpcServer, GrpcService
from service_kit.grpc_tls import GrpcTls
from service_kit.metrics import new_registry


class CommentServiceServer:
    """A ``service_kit`` node. Ready once it is a member; from then on ZooKeeper may go without stopping posts."""

    def __init__(self, settings: CommentServiceSettings) -> None:
        self.settings = settings
        self.boot_id = uuid.uuid4().hex
        self._origin = f"{settings.node_id}/{self.boot_id}"
        self._log = structlog.get_logger()
        self._registry = new_registry("comment_service", settings.node_id)
        self._metrics = CommentServiceMetrics(self._registry)
        self._traffic = Traffic()
        self._ready = self._draining = False
        self._admin = AdminServer(settings.host, settings.admin_port, self._registry, ready=self._not_ready)
        self._session = ZooKeeperSession.of(settings)
        self._lease = WorkerIdLease(self._session, owner=settings.node_id)
        self._dispatchers = MembershipView(self._session, Role.DISPATCHER)
        self._comment_services = MembershipView(self._session, Role.COMMENT_SERVICE)
        SessionMetrics(self._registry).watch(self._session, self._dispatchers)
        self._membership_metrics = MembershipMetrics(self._registry)
        self._tls = GrpcTls.of(settings)
        self._publisher = Publisher(
            self._dispatchers,
            self._origin,
            self._registry,
            _publisher_limits(settings),
            open_channel=channels(self._tls),
        )
        self._store = build_store(settings, self._metrics, self._registry)
        self._media = build_media(settings, self._store, StoreCalls(self._metrics), self._registry)
        self._services: Services | None = None
        self._membership: Membership | None = None
        self._http: HttpServer | None = None
        self._grpc: GrpcServer | None = None

    @property
    def http_port(self) -> int:
        """The HTTP port; the true one after ``start``."""
        return self._http.port if self._http else self.settings.http_port

    @property
    def grpc_port(self) -> int:
        """The gRPC port; the true one after ``start``."""
        return self._grpc.port if self._grpc else self.settings.grpc_port

    @property
    def admin_port(self) -> int:
        """The admin port; the true one after ``start``."""
        return self._admin.port

    async def start(self) -> None:
        """Raises ``StartupError``."""
        if self._membership is not None:
            return
        await self._admin.start()
        verifier = token_verifier(self.settings)
        try:
            await self._store.start()
            if self._media is not None:
                await self._media.start()
            await self._session.start()
            ids = CommentIds(self.settings.dc_number, await self._lease.acquire())
            self._lease.on_replaced(ids.use_worker)
            await self._dispatchers.start()
            await self._comment_services.start()
            await self._publisher.start()
            self._services = build_services(
                self._store,
                ids.next,
                self._publisher,
                verifier,
                self._metrics,
                media=self._media,
                read_needs_token=self.settings.read_needs_token,
                own_accounts=_own_accounts(self.settings),
                tickets=self.settings.make_tickets(),
                edit_window_s=self.settings.edit_window_s,
                video_cache_s=self.settings.video_cache_s,
                video_cache=self.settings.video_cache,
                reaction_limits=_reaction_limits(self.settings),
                moderation=_moderation(self.settings),
                rates=self._rates(),
                history_limits=self.settings.history_limits,
            )
            await self._serve(self._services)
            await self._join()
        except (CoordinationError, StoreError) as error:
            raise StartupError(str(error)) from error
        self._watch(self._services, ids)
        self._ready = True

    async def drain(self) -> None:
        """Leaves, takes nothing new, answers what came in and hands all of it to the dispatchers."""
        self._draining = True
        if self._grpc is not None:
            await self._grpc.set_serving(False)
        if self._membership is not None:
            await self._membership.leave()
            await asyncio.sleep(self.settings.leave_s)
        if self._http is not None:
            await self._http.drain()
        if self._grpc is not None:
            await self._grpc.aclose(self.settings.grace_s)
        if self._services is not None:
            await self._services.drain()
        # Without a dispatcher there is nobody to wait for; RMS nodes repair from the store.
        await self._publisher.aclose(self.settings.grace_s if self._publisher.connected else 0.0)

    async def aclose(self) -> None:
        self._ready = False
        if self._http is not None:
            await self._http.aclose()
        if self._grpc is not None:
            await self._grpc.aclose()
        if self._services is not None:
            self._services.close()
        if self._media is not None:
            await self._media.aclose()
        await self._store.aclose()
        # Only now is everything that was stored with the publisher.
        await self._publisher.aclose(drain_s=0.0)
        await self._dispatchers.aclose()
        await self._comment_services.aclose()
        if self._membership is not None:
            await self._membership.aclose()
        await self._lease.aclose()
        await self._session.aclose()
        await self._admin.aclose()

    async def _serve(self, services: Services) -> None:
        settings = self.settings
        self._http = HttpServer(
            settings.host,
            settings.http_port,
            context=Context(
                services,
                self._metrics,
                self._traffic,
                TrustedProxies(settings.trusted_proxies),
                public_s=settings.history_public_s,
            ),
            limits=_request_limits(settings),
            dev_tokens=_dev_tokens(settings),
            cookie_secure=settings.cookie_secure,
            body_timeout_s=settings.body_timeout_s,
            idle_timeout_s=settings.idle_timeout_s,
        )
        self._grpc = GrpcServer(
            settings.host, settings.grpc_port, services=_grpc_services(services, self._metrics), tls=self._tls
        )
        await self._http.start()
        await self._grpc.start()
        await self._grpc.set_serving(True)
        self._log.info("serving", http=self._http.port, grpc=self._grpc.port, admin=self._admin.port)

    async def _join(self) -> None:
        assert self._http is not None
        assert self._grpc is not None
        host = self.settings.host
        record = NodeRecord(
            node_id=self.settings.node_id,
            boot_id=self.boot_id,
            http=f"{host}:{self._http.port}",
            grpc=f"{host}:{self._grpc.port}",
            admin=f"{host}:{self._admin.port}",
            capacity=0,
        )
        self._membership = Membership(self._session, Role.COMMENT_SERVICE, record)
        self._membership_metrics.watch(self._membership)
        await self._membership.start()

    def _rates(self) -> Rates:
        windows = SlidingWindows(self.settings.rate_keys)
        return Rates(self.settings.allowances, windows, services=lambda: len(self._comment_services.nodes))

    def _watch(self, services: Services, ids: CommentIds) -> None:
        self._metrics.watch(
            write_queue_length=lambda: self._store.waiting_writes,
            read_queue_length=lambda: self._store.waiting_reads,
            unpublished=lambda: len(services.announcements),
            passwords_under_way=lambda: services.accounts.passwords.under_way if services.accounts else 0,
            login_keys_counted=lambda: len(services.accounts.attempts) if services.accounts else 0,
            videos_remembered=lambda: services.videos.cached,
            keyed_posts=lambda: services.comments.under_way,
            bans_remembered=lambda: services.bans.cached,
            slow_mode_turns=lambda: len(services.slow_modes),
            blocked_words=lambda: len(services.blocked_words),
            rate_keys=lambda: len(services.rates),
            rate_services=lambda: len(self._comment_services.nodes),
            tokens_remembered=lambda: services.verifier.remembered,
            http_requests_in_flight=lambda: self._traffic.in_flight,
            worker=lambda: -1 if self._lease.number is None else self._lease.number,
            id_clock_ahead_seconds=lambda: ids.ahead_ms / 1000,
        )
        self._metrics.rates_forgotten.set_function(lambda: services.rates.forgotten)
        if (accounts := services.accounts) is not None:
            self._metrics.login_keys_forgotten.set_function(lambda: accounts.attempts.forgotten)

    def _not_ready(self) -> list[str]:
        if self._draining:
            return ["draining"]
        if self._membership is not None and self._membership.displaced_by is not None:
            return [DISPLACED]
        return [] if self._ready else ["starting"]


def _own_accounts(settings: CommentServiceSettings) -> OwnAccounts | None:
    if not settings.accounts or settings.jwt_secret is None:
        return None
    signer = TokenSigner(
        settings.jwt_secret.get_secret_value(),
        settings.account_token_lifetime_s,
        settings.jwt_issuer,
        settings.jwt_audience,
    )
    passwords = Passwords(
        settings.password_cost, threads=settings.password_threads, max_waiting=settings.password_queue
    )
    return OwnAccounts(signer, passwords, Attempts(settings.attempt_limits))


def _grpc_services(services: Services, metrics: CommentServiceMetrics) -> list[GrpcService]:
    served = [
        CommentServicer(services, metrics).service(),
        ReactionServicer(services, metrics).service(),
        AccountServicer(services, metrics).service(),
        ModerationServicer(services, metrics).service(),
    ]
    if services.media is not None:
        served.append(MediaServicer(services, services.media, metrics).service())
    return served


def _request_limits(settings: CommentServiceSettings) -> RequestLimits:
    uploads = BodyRule(settings.media_max_bytes + FORM_BYTES, forms=True, timeout_s=settings.media_upload_timeout_s)
    return RequestLimits(
        settings.max_url_bytes, settings.max_header_bytes, settings.max_body_bytes, {UPLOAD_PATH: uploads}
    )


def _moderation(settings: CommentServiceSettings) -> ModerationParts:
    try:
        words = WordList(settings.blocked_words_file, settings.blocked_words.split(","))
    except WordFileError as error:
        raise StartupError(str(error)) from None
    return ModerationParts(words, settings.ban_cache_s, settings.ban_cache, settings.slow_mode_users)


def _dev_tokens(settings: CommentServiceSettings) -> DevTokens | None:
    if not settings.dev_tokens or settings.jwt_secret is None:
        return None
    return DevTokens(
        settings.jwt_secret.get_secret_value(),
        settings.dev_token_lifetime_s,
        settings.jwt_issuer,
        settings.jwt_audience,
    )


def _reaction_limits(settings: CommentServiceSettings) -> ReactionLimits:
    return ReactionLimits(
        gather_s=settings.reactions_gather_s,
        confirm_s=settings.reactions_confirm_s,
        max_videos=settings.reactions_max_videos,
        max_comments=settings.reactions_max_comments,
        concurrent=settings.reactions_concurrent,
        drain_s=settings.reactions_drain_s,
    )


def _publisher_limits(settings: CommentServiceSettings) -> PublisherLimits:
    return PublisherLimits(
        outbox_events=settings.publish_outbox_events,
        outbox_bytes=settings.publish_outbox_bytes,
        window=settings.publish_window,
        ack_timeout_s=settings.publish_ack_timeout_s,
        head_videos=settings.publish_head_videos,
    )
