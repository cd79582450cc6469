"""The ``livecomments`` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from coordination.errors import CoordinationError
from ops.client.errors import ClientError
from ops.commands.account import account
from ops.commands.nodes import add_node_commands
from ops.commands.post import post
from ops.commands.replay import replay
from ops.commands.routes import routes
from ops.commands.schema import schema
from ops.commands.tokens import token
from ops.commands.up import up
from ops.commands.watch import watch
from ops.replay.recording import RecordingError
from service_kit import logs
from service_kit.errors import SettingsError, StartupError

DEBUG_FLAG = "--debug"
INTERRUPTED = 130
# Errors whose message was written for whoever runs the command.
CLEAR_ERRORS = (StartupError, ClientError, CoordinationError, RecordingError)

app = typer.Typer(
    name="livecomments",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def livecomments(
    debug: Annotated[bool, typer.Option(DEBUG_FLAG, help="Show the traceback of an error.")] = False,
) -> None:
    """Live comments for live video: everyone watching sees a comment within 200 ms.

    A first look, in two terminals:

      livecomments up

      livecomments watch match-42

      livecomments post match-42 "What a goal"

    Exit codes: 0 done, 2 wrong usage, 1 anything else (with one line on stderr).
    """


app.command(rich_help_panel="A cluster on this machine")(up)
app.command(rich_help_panel="A cluster on this machine")(token)
app.command(rich_help_panel="A cluster on this machine")(routes)
app.add_typer(schema, rich_help_panel="Any cluster")
for command in (watch, post, replay):
    app.command(rich_help_panel="Any cluster")(command)
app.add_typer(account, name="account", rich_help_panel="Any cluster")
add_node_commands(app)


def main() -> int:
    """The console script."""
    # What the parts of the project log belongs into the nodes' logs; a command speaks for itself.
    logs.configure("auto", "error")
    return invoke(sys.argv[1:])


def invoke(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit status."""
    given = list(arguments)
    debug = DEBUG_FLAG in given
    try:
        app([each for each in given if each != DEBUG_FLAG], prog_name="livecomments")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if debug:
            raise
        sys.stderr.write(f"error: {_one_line(error)}\n")
        return 2 if isinstance(error, SettingsError) else 1
    return 0


def _one_line(error: Exception) -> str:
    """The message; of a longer one, which ends in a log's last lines, its first and last line."""
    text = str(error) if isinstance(error, CLEAR_ERRORS) else f"{type(error).__name__}: {error}"
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(error).__name__]
    line = lines[0] if len(lines) == 1 else f"{lines[0]} {lines[-1]}"
    return line if isinstance(error, CLEAR_ERRORS) else f"{line} (--debug shows where)"


if __name__ == "__main__":
    sys.exit(main())
