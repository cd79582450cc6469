"""``/`` and ``/assets/*``: the viewer page and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tornado import web

from comment_service.api.handler import ApiHandler, Context
from service_kit.problem import Problem

WEB = Path(__file__).resolve().parent.parent / "web"
# Scripts and styles from this origin alone, nothing inline: content that found a way into the markup could not run.
# `blob:` shows images that are about to be sent.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class AssetHandler(ApiHandler, web.StaticFileHandler):
    """Files of ``WEB``; only their own paths, no listing. A browser asks again each time and mostly hears 304."""

    operation = "asset"
    public = True

    def initialize(self, context: Context, path: str) -> None:  # type: ignore[override]
        ApiHandler.initialize(self, context)
        web.StaticFileHandler.initialize(self, path)

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.clear_header("Content-Type")
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cross-Origin-Opener-Policy", "same-origin")

    async def get(self, path: str, include_body: bool = True) -> None:
        await web.StaticFileHandler.get(self, path, include_body)
        if self.get_status() == 416:
            # Tornado's own has no body.
            header = "Content-Range"
            raise Problem(416, "the file is shorter", headers={header: self._headers[header]})

    async def head(self, path: str) -> None:
        await self.get(path, include_body=False)

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", "no-cache")

    def compute_etag(self) -> str | None:
        # Tornado's own remembers a file's hash for the life of the process, and would hide an edit.
        assert self.absolute_path is not None
        status = Path(self.absolute_path).stat()
        return f'"{status.st_mtime_ns:x}-{status.st_size:x}"'

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if status_code in {403, 404}:
            # Tornado's own message names the file's path on this machine.
            kwargs = {"exc_info": (Problem, Problem(404, "no such file"), None)}
        super().write_error(status_code, **kwargs)


class PageHandler(AssetHandler):
    """The page itself."""

    operation = "page"

    async def get(self, path: str = "", include_body: bool = True) -> None:
        await super().get("index.html", include_body)

    async def head(self, path: str = "") -> None:
        await super().get("index.html", include_body=False)
