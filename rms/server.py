"""One RMS: its parts, put together, started, drained and let go."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable

import structlog

from coordination.errors import CoordinationError
from coordination.membership import DISPLACED, Membership, MembershipView, NodeRecord, Role
from coordination.routes import RouteRegistrar
from coordination.session import ZooKeeperSession
from rms import open_files
from rms.admission import Admission
from rms.ages import Ages
from rms.backfill import Backfill
from rms.channel import Channel
from rms.comment_services import CommentServices
from rms.departures import Departures
from rms.displacement import Displacement
from rms.encoders import Encoders
from rms.frames import Frame, reconnect_frame
from rms.history import History
from rms.hub import Hub
from rms.ingest import Ingest
from rms.joining import Joining
from rms.links.h2_edge import H2Edge
from rms.links.http1_edge import Http1Edge
from rms.links.listener import Listener
from rms.links.socket_link import SocketLink
from rms.metrics import ServiceMetrics
from rms.polling import Polling
from rms.pump import Pump
from rms.reasons import CloseReason
from rms.reception import Reception
from rms.repair import Repairs
from rms.settings import RmsSettings
from rms.tickets import TicketOffice
from rms.viewer import Viewer
from rms.viewer_counts import ViewerCounts
from rms.wheel import Wheel
from service_kit.admin import AdminServer
from service_kit.auth.service_token import FileServiceToken, ServiceToken, SignedServiceToken
from service_kit.auth.settings import token_verifier
from service_kit.coordination_metrics import MembershipMetrics, SessionMetrics
from service_kit.errors import StartupError
from service_kit.grpc_client import channels
from service_kit.grpc_server import GrpcServer
from service_kit.grpc_tls import GrpcTls
from service_kit.metrics import new_registry

# Of the grace period, what sending viewers away may take; the rest is for letting go.
DRAIN_SHARE = 0.8
LEAVE_TIMEOUT_S = 1.0

_log = structlog.get_logger()


class RmsServer:
    """A ``service_kit`` node. Ready once it is a member; from then on ZooKeeper may go without stopping streams."""

    def __init__(self, settings: RmsSettings) -> None:
        self.settings = settings
        self.boot_id = uuid.uuid4().hex
        registry = new_registry("rms", settings.node_id)
        self._metrics = ServiceMetrics(registry)
        # Why it takes no viewers now; empty while it does.
        self._state = "starting"
        self.admin = AdminServer(settings.host, settings.admin_port, registry, ready=self._not_ready)
        tls = GrpcTls.of(settings)
        self._session = ZooKeeperSession.of(settings)
        self._comment_service_nodes = MembershipView(self._session, Role.COMMENT_SERVICE)
        self._registrar = RouteRegistrar(
            self._session, settings.node_id, self.boot_id, max_routes=settings.max_channels
        )
        SessionMetrics(registry).watch(self._session, self._comment_service_nodes)
        self._membership_metrics = MembershipMetrics(registry)
        self._metrics.watch(
            routes=lambda: self._registrar.registered,
            routes_pending=lambda: self._registrar.pending,
            routes_refused=lambda: self._registrar.stats.refused,
            routes_taken_over=lambda: self._registrar.stats.taken_over,
            route_retries=lambda: self._registrar.stats.retries,
        )
        self._pump = Pump(share=settings.send_share)
        self._wheel = Wheel()
        self._channel_limits = settings.channel_limits
        self._tickets = _ticket_office(self._wheel, settings)
        self._encoders = Encoders(self._metrics, settings.encoder_limits)
        self.link = SocketLink(
            send_buffer_bytes=settings.send_buffer_bytes,
            user_timeout_s=settings.user_timeout_s,
            charge=self._pump.charge,
        )
        self._comment_services = _comment_services(self._comment_service_nodes, self._metrics, settings, tls)
        self._history = History(
            self._comment_services,
            self._metrics,
            concurrent=settings.history_concurrent,
            waiting=settings.history_waiting,
        )
        self.max_socket_viewers = open_files.affordable(settings.max_viewers)
        self._ages = Ages(settings.max_age_s, jitter=settings.max_age_jitter, farewell=self._farewell)
        self._backfill = Backfill(self._history, self._metrics, timeout_s=settings.open_timeout_s)
        self._repairs = _repairs(self._history, self._metrics, settings)
        self._counts = ViewerCounts()
        self.hub = self._hub()
        self._polling = Polling(
            self._history,
            self._metrics,
            unannounced=self.hub.unannounced,
            every_s=settings.poll_every_s,
            concurrent=settings.poll_concurrent,
            per_s=settings.polls_per_s,
        )
        self.hub.on_announced_anew = self._polling.doubt
        self._displacement = Displacement(self.hub, self._send_away)
        self._departures = Departures(
            self._comment_service_nodes,
            self._repairs,
            feeds=self.hub.open_feeds,
            lookback_s=settings.zookeeper_session_timeout_s + settings.departure_lookback_s,
        )
        reception = _reception(self.hub, self._metrics, settings, self._tickets)
        self.http1 = Http1Edge(
            hub=self.hub,
            reception=reception,
            link=self.link,
            max_viewers=self.max_socket_viewers,
            header_timeout_s=settings.header_timeout_s,
        )
        self.h2 = H2Edge(
            hub=self.hub,
            reception=reception,
            metrics=self._metrics,
            limits=settings.h2_limits,
            max_links=settings.h2_max_links,
            greeting_timeout_s=settings.header_timeout_s,
            user_timeout_s=settings.user_timeout_s,
            send_buffer_bytes=settings.h2_send_buffer_bytes,
            charge=self._pump.charge,
        )
        self.http = Listener(
            settings.host,
            settings.http_port,
            http1=self.http1.adopt,
            http2=self.h2.adopt,
            timeout_s=settings.header_timeout_s,
        )
        ingest = Ingest(self.hub, self._counts, self._metrics, report_every_s=settings.viewers_report_every_s)
        self.grpc = GrpcServer(settings.host, settings.grpc_port, services=[ingest.service()], tls=tls)
        self._membership: Membership | None = None

    async def start(self) -> None:
        """Joins only when it can serve. Raises ``StartupError``. Idempotent."""
        if self._membership is not None:
            return
        open_files.raise_limit()
        if self.max_socket_viewers < self.settings.max_viewers:
            _log.warning("fewer_http1_viewers", reason="open_files", max_viewers=self.max_socket_viewers)
        try:
            await self.admin.start()
            await self._session.start()
            await self._comment_service_nodes.start()
            await self._registrar.start()
            for part in (self._wheel, self.link, self._ages, self._polling, self._departures, self.grpc):
                await part.start()
            await self.http1.start()
            await self.http.start()
            await self._join()
        except CoordinationError as error:
            raise StartupError(f"ZooKeeper {self.settings.zookeeper}: {error}") from None
        await self.grpc.set_serving(True)
        self._state = ""
        _log.info("serving", http=self.http.port, grpc=self.grpc.port, admin=self.admin.port)

    async def drain(self) -> None:
        """Leaves, and sends the viewers to other nodes; what is published meanwhile still reaches them."""
        self._state = "draining"
        if self._membership is not None:
            try:
                async with asyncio.timeout(LEAVE_TIMEOUT_S):
                    await self._membership.leave()
            except TimeoutError:
                _log.warning("leave_timed_out")  # the record goes with the session
        self.hub.drain()
        self.h2.drain()
        await self._send_away(CloseReason.DRAINING)

    async def aclose(self) -> None:
        """Lets go of everything. Idempotent."""
        self._state = "stopped"
        await self.http.aclose()
        await self.http1.aclose()
        await self._departures.aclose()
        await self._displacement.aclose()
        await self._polling.aclose()
        await self._ages.aclose()
        await self._backfill.aclose()
        await self._repairs.aclose()
        await self.hub.aclose()
        await self.link.aclose()
        await self.h2.aclose()
        self._pump.close()
        await self._wheel.aclose()
        await self.grpc.aclose()
        await self._comment_services.aclose()
        await self._comment_service_nodes.aclose()
        await self._registrar.aclose()
        if self._membership is not None:
            await self._membership.aclose()
        await self._session.aclose()
        await self.admin.aclose()

    def _hub(self) -> Hub:
        settings = self.settings
        admission = Admission(
            max_viewers=settings.max_viewers,
            max_viewers_per_video=settings.max_viewers_per_video,
            joins_per_s=settings.joins_per_s,
            join_burst=settings.join_burst,
            clock=time.monotonic,
        )
        return Hub(
            new_channel=self._new_channel,
            registrar=self._registrar,
            admission=admission,
            backfill=self._backfill,
            repairs=self._repairs,
            joining=Joining(self._history, self._metrics, timeout_s=settings.open_timeout_s),
            ages=self._ages,
            counts=self._counts,
            metrics=self._metrics,
            limits=settings.hub_limits,
        )

    def _new_channel(self, video: str, on_detach: Callable[[Viewer, CloseReason], None]) -> Channel:
        channel = Channel(
            video,
            pump=self._pump,
            wheel=self._wheel,
            metrics=self._metrics,
            limits=self._channel_limits,
            encoders=self._encoders,
            on_detach=on_detach,
        )
        if self._tickets is not None:
            self._tickets.renew(channel)
        return channel

    async def _join(self) -> None:
        host = self.settings.host
        record = NodeRecord(
            node_id=self.settings.node_id,
            boot_id=self.boot_id,
            http=f"{host}:{self.http.port}",
            grpc=f"{host}:{self.grpc.port}",
            admin=f"{host}:{self.admin.port}",
            capacity=self.settings.max_viewers,
        )
        membership = Membership(self._session, Role.RMS, record)
        self._displacement.follow(membership)
        self._membership_metrics.watch(membership)
        await membership.start()
        self._membership = membership

    async def _send_away(self, reason: CloseReason) -> None:
        viewers = self.hub.viewers
        spread_s = min(self.settings.grace_s * DRAIN_SHARE, viewers / self.settings.drain_viewers_per_s)
        _log.info("sending_viewers_away", reason=reason, viewers=viewers, spread_s=round(spread_s, 3))
        await self.hub.send_away(reason, self._farewell, spread_s)

    def _farewell(self) -> Frame:
        return reconnect_frame(random.randint(0, self.settings.reconnect_spread_ms))  # noqa: S311  # spreads load

    def _not_ready(self) -> list[str]:
        if self._state:
            return [self._state]
        return [DISPLACED] if self.hub.displaced else []


def _comment_services(
    view: MembershipView, metrics: ServiceMetrics, settings: RmsSettings, tls: GrpcTls | None
) -> CommentServices:
    return CommentServices(
        view,
        metrics,
        timeout_s=settings.history_timeout_s,
        attempts=settings.history_attempts,
        token=_service_token(settings),
        open_channel=channels(tls),
    )


def _ticket_office(wheel: Wheel, settings: RmsSettings) -> TicketOffice | None:
    tickets = settings.make_tickets()
    return None if tickets is None else TicketOffice(tickets, wheel, lifetime_s=settings.ticket_lifetime_s)


def _service_token(settings: RmsSettings) -> ServiceToken | None:
    if settings.service_token_file is not None:
        return FileServiceToken(settings.service_token_file)
    if settings.jwt_secret is None:
        return None
    return SignedServiceToken(
        settings.node_id,
        settings.jwt_secret.get_secret_value(),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
    )


def _repairs(history: History, metrics: ServiceMetrics, settings: RmsSettings) -> Repairs:
    return Repairs(
        history,
        metrics,
        hold_s=settings.hold_s,
        concurrent=settings.repair_concurrent,
        max_pages=settings.repair_pages,
        attempts=settings.repair_attempts,
    )


def _reception(hub: Hub, metrics: ServiceMetrics, settings: RmsSettings, tickets: TicketOffice | None) -> Reception:
    verifier = token_verifier(settings) if settings.read_needs_token else None
    return Reception(hub, metrics, settings.reception_limits, verifier=verifier, tickets=tickets)
