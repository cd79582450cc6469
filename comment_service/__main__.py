"""``python -m comment_service``: runs one node with the settings in the environment."""

from __future__ import annotations

import gc
import sys

from comment_service.server import CommentServiceServer
from comment_service.settings import CommentServiceSettings
from service_kit import logs
from service_kit.errors import SettingsError
from service_kit.lifecycle import run
from service_kit.settings import load, warn_of_unknown_variables

# New objects before the collector looks for cycles among them, 700 by default. Reference counts free nearly all that a
# request makes: looking every few requests finds nothing and takes a fifth of their CPU (docs/posting.md).
GC_THRESHOLDS = (50_000, 20, 50)


def main(settings: CommentServiceSettings) -> int:
    """Runs until a signal; returns the exit status."""
    logs.configure(settings.log_format, settings.log_level, process="comment-service", node=settings.node_id)
    warn_of_unknown_variables(CommentServiceSettings)
    gc.set_threshold(*GC_THRESHOLDS)
    return run(lambda: CommentServiceServer(settings), grace_s=settings.grace_s)


if __name__ == "__main__":
    try:
        sys.exit(main(load(CommentServiceSettings)))
    except SettingsError as error:
        sys.exit(f"error: {error}")
