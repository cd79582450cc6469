"""``livecomments schema apply``."""

from __future__ import annotations

import typer

from comment_service.store.cassandra.settings import CassandraSettings
from ops.commands.nodes import PlainHelp, command_of
from service_kit.errors import StartupError

ABOUT = """
Bring a Cassandra keyspace to this version's schema, and to the replication that is asked for.

Creates the keyspace where there is none, then applies the steps that it has not had; what is done already is not done
again, and of several that run at once one works while the others wait. Comment services do the same when they start,
so this is for where they may not (a user without the permission), for a look beforehand, and for a change of the
replication, which only this command makes. After such a change run `nodetool repair -full` on every node.

Example:

\b
  livecomments schema apply --comment-service-cassandra-contact-points 10.0.0.7,10.0.0.8 \\
      --comment-service-cassandra-local-dc dc1 --comment-service-cassandra-replication dc1:3,dc2:3
"""
schema = typer.Typer(name="schema", help="The store's schema.", no_args_is_help=True)


def _apply(settings: CassandraSettings) -> None:
    # Only now: the driver takes a third of a second, and `--help` of any command must be quick.
    from comment_service.store import StoreError
    from comment_service.store.cassandra.schema import apply
    from comment_service.stores import cassandra_options

    try:
        applied = apply(cassandra_options(settings))
    except StoreError as error:
        raise StartupError(str(error)) from None
    keyspace = settings.cassandra_keyspace
    print(f"{keyspace}: applied {', '.join(applied)}" if applied else f"{keyspace} is up to date")


schema.command("apply", cls=PlainHelp, help=ABOUT)(command_of(CassandraSettings, _apply))
