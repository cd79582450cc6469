"""Structured logs: one line an event, ``key=value`` on a terminal, JSON otherwise."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import structlog


def configure(log_format: str, log_level: str, **bound: Any) -> None:
    """Sets up structlog and routes the standard library's warnings through it.

    ``log_format``: auto, json or console. ``bound``: keys on every line, e.g. ``process="rms", node="rms-1"``.
    """
    # gRPC's core writes lines of its own to stderr, which are no JSON; it reads this when it is imported.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    level = logging.getLevelNamesMapping()[log_level.upper()]
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        # Not by context variables: those are each thread's own, and what begins on kazoo's threads has none.
        lambda logger, method, event: bound | event,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Any = (
        structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # kazoo logs every lost connection as a traceback; coordination/ logs the state change itself.
    logging.getLogger("kazoo").setLevel(logging.CRITICAL)
    # Its driver does so with every attempt to reach a node; the store logs which nodes come and go.
    logging.getLogger("cassandra").setLevel(logging.CRITICAL)
    # Tornado repeats what the HTTP edge has already answered as a problem, each 503 of /readyz as an error.
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)
    logging.getLogger("tornado.general").setLevel(logging.ERROR)
