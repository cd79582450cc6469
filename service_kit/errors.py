"""Errors that end a process with one clear line."""

from __future__ import annotations


class StartupError(Exception):
    """A node cannot start. The message is one line for the operator: what is wrong, and with which setting."""


class SettingsError(StartupError):
    """A setting is malformed or out of range. The message names its environment variable and flag."""
