"""``python -m lb.envoy``: runs the control plane with the settings in the environment."""

from __future__ import annotations

import sys

from lb.envoy.server import ControlPlaneServer
from lb.envoy.settings import XdsSettings
from service_kit import logs
from service_kit.errors import SettingsError
from service_kit.lifecycle import run
from service_kit.settings import load, warn_of_unknown_variables


def main(settings: XdsSettings) -> int:
    """Runs until a signal; returns the exit status."""
    logs.configure(settings.log_format, settings.log_level, process="xds", node=settings.node_id)
    warn_of_unknown_variables(XdsSettings)
    return run(lambda: ControlPlaneServer(settings), grace_s=settings.grace_s)


if __name__ == "__main__":
    try:
        sys.exit(main(load(XdsSettings)))
    except SettingsError as error:
        sys.exit(f"error: {error}")
