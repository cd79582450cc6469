"""``python -m rms``: one RMS in the foreground, set by ``LIVECOMMENTS_*``."""

from __future__ import annotations

import sys

from rms.server import RmsServer
from rms.settings import RmsSettings
from service_kit import lifecycle, logs
from service_kit.errors import SettingsError
from service_kit.settings import load, warn_of_unknown_variables


def main(settings: RmsSettings) -> int:
    """Runs one RMS until SIGTERM; returns the exit status."""
    logs.configure(settings.log_format, settings.log_level, process="rms", node=settings.node_id)
    warn_of_unknown_variables(RmsSettings)
    return lifecycle.run(lambda: RmsServer(settings), grace_s=settings.grace_s)


if __name__ == "__main__":
    try:
        sys.exit(main(load(RmsSettings)))
    except SettingsError as error:
        sys.exit(f"error: {error}")
