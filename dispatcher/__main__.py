"""``python -m dispatcher``: one dispatcher in the foreground, set by ``LIVECOMMENTS_*``."""

from __future__ import annotations

import sys

from dispatcher.server import DispatcherServer
from dispatcher.settings import DispatcherSettings
from service_kit import lifecycle, logs
from service_kit.errors import SettingsError
from service_kit.settings import load, warn_of_unknown_variables


def main(settings: DispatcherSettings) -> int:
    """Runs one dispatcher until SIGTERM; returns the exit status."""
    logs.configure(settings.log_format, settings.log_level, process="dispatcher", node=settings.node_id)
    warn_of_unknown_variables(DispatcherSettings)
    return lifecycle.run(lambda: DispatcherServer(settings), grace_s=settings.grace_s)


if __name__ == "__main__":
    try:
        sys.exit(main(load(DispatcherSettings)))
    except SettingsError as error:
        sys.exit(f"error: {error}")
