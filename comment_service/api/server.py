"""The HTTP server of the comment service."""

from __future__ import annotations

from tornado import httpserver, web

from comment_service.api.accounts import (
    LoginHandler,
    LogoutHandler,
    OffersHandler,
    PasswordHandler,
    RegisterHandler,
    RolesHandler,
)
from comment_service.api.comment import CommentHandler, RepliesHandler
from comment_service.api.comments import CommentsHandler
from comment_service.api.description import DescriptionHandler
from comment_service.api.dev_token import DevTokenHandler, DevTokens
from comment_service.api.handler import Context, UnknownPathHandler, log_nothing
from comment_service.api.limits import LimitedRequests, RequestLimits
from comment_service.api.media import MediaHandler, UploadHandler
from comment_service.api.moderation import AuditHandler, BansHandler, SlowModeHandler
from comment_service.api.page import WEB, AssetHandler, PageHandler
from comment_service.api.posting import COMMENTS_PATH, PostRequests
from comment_service.api.reactions import CommentReactionHandler, VideoReactionsHandler
from comment_service.api.reports import ReportHandler, ReportsHandler, ResolveHandler
from comment_service.api.videos import EndHandler
from service_kit.admin import bind

# Above Envoy's 60 KiB and this server's own bound, so that there is a request to answer with 431.
_HARD_HEADER_BYTES = 128 * 1024
# The bound is `RequestLimits`; beyond its own, Tornado would answer too. No length has more than 20 digits there.
_HARD_BODY_BYTES = 10**20
UPLOAD_PATH = "/media"


class HttpServer:
    """Serves the API and the page. ``port`` 0 takes a free one; ``self.port`` is the true one after ``start``."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        context: Context,
        limits: RequestLimits,
        dev_tokens: DevTokens | None = None,
        cookie_secure: bool = False,
        body_timeout_s: float = 10.0,
        idle_timeout_s: float = 3_660.0,
    ) -> None:
        self.host = host
        self.port = port
        self._context = context
        self._limits = limits
        self._dev_tokens = dev_tokens
        self._cookie_secure = cookie_secure
        self._body_timeout_s = body_timeout_s
        self._idle_timeout_s = idle_timeout_s
        self._server: httpserver.HTTPServer | None = None

    async def start(self) -> None:
        """Binds and serves. Raises ``StartupError`` where the port is taken."""
        if self._server is not None:
            return
        sockets = bind(self.host, self.port, what="HTTP port")
        self.port = sockets[0].getsockname()[1]
        app = application(self._context, self._dev_tokens, cookie_secure=self._cookie_secure)
        self._server = httpserver.HTTPServer(
            LimitedRequests(PostRequests(app, self._context), self._limits, self._context.metrics),
            max_header_size=_HARD_HEADER_BYTES,
            max_body_size=_HARD_BODY_BYTES,
            body_timeout=self._body_timeout_s,
            idle_connection_timeout=self._idle_timeout_s,
        )
        self._server.add_sockets(sockets)

    async def drain(self) -> None:
        """Takes no new connections, answers every request that came in, and closes."""
        self._context.traffic.draining = True
        if self._server is not None:
            self._server.stop()
        await self._context.traffic.idle()
        await self.aclose()

    async def aclose(self) -> None:
        """Closes every connection."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            await server.close_all_connections()


def application(context: Context, dev_tokens: DevTokens | None, *, cookie_secure: bool = False) -> web.Application:
    """The paths of the API. ``dev_tokens`` None: that path does not exist."""
    with_context = {"context": context}
    with_cookie = {"context": context, "cookie_secure": cookie_secure}
    page = {"context": context, "path": str(WEB)}
    rules = [
        web.url(COMMENTS_PATH, CommentsHandler, with_context),
        web.url(r"/comments/([^/]*)/([^/]*)", CommentHandler, with_context),
        web.url(r"/comments/([^/]*)/([^/]*)/replies", RepliesHandler, with_context),
        web.url(r"/videos/([^/]*)/end", EndHandler, with_context),
        web.url(r"/auth", OffersHandler, with_context | {"dev_tokens": dev_tokens is not None}),
        web.url(r"/auth/register", RegisterHandler, with_cookie),
        web.url(r"/auth/login", LoginHandler, with_cookie),
        web.url(r"/auth/password", PasswordHandler, with_cookie),
        web.url(r"/auth/logout", LogoutHandler, with_cookie),
        web.url(r"/auth/users/([^/]*)/roles", RolesHandler, with_cookie),
        web.url(r"/comments/([^/]*)/([^/]*)/reactions/([^/]*)", CommentReactionHandler, with_context),
        web.url(r"/videos/([^/]*)/reactions", VideoReactionsHandler, with_context),
        web.url(r"/comments/([^/]*)/([^/]*)/reports", ReportHandler, with_context),
        web.url(r"/moderation/reports", ReportsHandler, with_context),
        web.url(r"/moderation/reports/([^/]*)/resolve", ResolveHandler, with_context),
        web.url(r"/moderation/bans/([^/]*)", BansHandler, with_context),
        web.url(r"/moderation/slow-mode/([^/]*)", SlowModeHandler, with_context),
        web.url(r"/moderation/audit", AuditHandler, with_context),
        web.url(r"/openapi\.json", DescriptionHandler, with_context),
        web.url(r"/", PageHandler, page),
        web.url(r"/assets/([A-Za-z0-9_./-]+)", AssetHandler, page),
    ]
    if (media := context.services.media) is not None:
        with_media = {"context": context, "media": media}
        rules.append(web.url(UPLOAD_PATH, UploadHandler, with_media))
        rules.append(web.url(r"/media/([^/]*)", MediaHandler, with_media))
    if dev_tokens is not None:
        rules.append(web.url(r"/auth/dev-token", DevTokenHandler, with_cookie | {"tokens": dev_tokens}))
    return web.Application(
        rules,
        default_handler_class=UnknownPathHandler,
        default_handler_args=with_context,
        log_function=log_nothing,
    )
