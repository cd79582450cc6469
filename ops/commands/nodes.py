"""``livecomments rms``, ``dispatcher``, ``comment-service`` and ``xds``: one node in the foreground."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.core import TyperCommand

from comment_service.settings import CommentServiceSettings
from dispatcher.settings import DispatcherSettings
from lb.envoy.settings import XdsSettings
from rms.settings import RmsSettings
from service_kit.settings import NodeSettings, SettingsT, SharedSettings, flag_name, load

WHAT_FOLLOWS = """
It runs until Ctrl-C or SIGTERM, then drains and exits with 0. Every setting is a flag here and a variable in the
environment, under the same name: --rms-max-viewers is LIVECOMMENTS_RMS_MAX_VIEWERS. A flag goes first.
"""
ABOUT: dict[str, tuple[type[NodeSettings], str, str]] = {
    "rms": (RmsSettings, "rms", "Run a realtime messaging server (RMS): it holds viewers' live streams."),
    "dispatcher": (
        DispatcherSettings,
        "dispatcher",
        "Run a dispatcher: it sends each comment to the RMS that need it.",
    ),
    "comment-service": (
        CommentServiceSettings,
        "comment_service",
        "Run a comment service: the HTTP and gRPC API, the store and the page.",
    ),
    "xds": (XdsSettings, "lb.envoy", "Run a control plane: it tells Envoy which nodes there are."),
}
EXAMPLE = {
    "rms": "livecomments rms --zookeeper 10.0.0.5:2181 --rms-node-id rms-7 --rms-max-viewers 50000",
    "dispatcher": "livecomments dispatcher --zookeeper 10.0.0.5:2181 --dispatcher-node-id dispatcher-2",
    "comment-service": "livecomments comment-service --comment-service-jwt-jwks-file /etc/livecomments/jwks.json",
    "xds": "livecomments xds --xds-port 9090",
}


def add_node_commands(app: typer.Typer) -> None:
    """Adds the four to ``app``."""
    for name, (settings, package, about) in ABOUT.items():
        text = f"{about}\n{WHAT_FOLLOWS}\nExample:\n\n\b\n  {EXAMPLE[name]}"
        app.command(name, cls=PlainHelp, help=text, rich_help_panel="One node")(_node(settings, package))


class PlainHelp(TyperCommand):
    """Help as plain text: a table of 80 columns would cut the names of long flags short."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options | {"rich_markup_mode": None})


def _node(model: type[NodeSettings], package: str) -> Callable[..., None]:
    def run(settings: NodeSettings) -> None:
        # Only now: it brings gRPC, and `--help` of any command must be quick.
        main = importlib.import_module(f"{package}.__main__").main
        raise typer.Exit(main(settings))

    return command_of(model, run)


def command_of(model: type[SettingsT], act: Callable[[SettingsT], None]) -> Callable[..., None]:
    """A command that has every setting of ``model`` as an option."""

    def run(**flags: object) -> None:
        act(load(model, flags))

    # Typer reads a command's options from its signature.
    parameters = [_parameter(model, name, field) for name, field in model.model_fields.items()]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _parameter(model: type[SharedSettings], name: str, field: FieldInfo) -> inspect.Parameter:
    flag = flag_name(model, name)
    is_switch = field.annotation is bool
    option = typer.Option(
        f"{flag}/--no-{flag.removeprefix('--')}" if is_switch else flag,
        help=f"{field.description}{_default(field)}",
        metavar=None if is_switch else _metavar(field),
        show_default=False,
    )
    # Text, because the settings model is what judges a value, wherever it comes from.
    annotation = Annotated[bool | None, option] if is_switch else Annotated[str | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    return "" if value is None or value is PydanticUndefined else f" [default: {value}]"


def _metavar(field: FieldInfo) -> str:
    text = str(field.annotation)
    kinds = {"int": "N", "float": "N", "Path": "FILE", SecretStr.__name__: "SECRET", "Literal": "WORD"}
    return next((metavar for kind, metavar in kinds.items() if kind in text), "TEXT")
