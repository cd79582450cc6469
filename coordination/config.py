"""The cluster's constants: what every node of a data centre must agree on before it may touch the rest."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from coordination.errors import CoordinationError, NodeExistsError, NoNodeError, TransactionError
from coordination.kazoo_client import Create, ZooKeeperClient
from coordination.paths import ROOT, ROUTE_BUCKETS, Paths

GROUPS = ("rms", "dispatchers", "comment-services")
MULTI_LIMIT = 100


@dataclass(frozen=True, slots=True)
class ClusterConstants:
    """Kept in ``/livecomments/<dc>/config`` as JSON.

    Attributes:
        format_version: of everything below ``/livecomments/<dc>``; raised when old and new nodes cannot mix.
        route_buckets: how many buckets routes are hashed into.
    """

    format_version: int = 1
    route_buckets: int = ROUTE_BUCKETS

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True).encode()

    def differences(self, stored: bytes) -> list[str]:
        """One phrase for each constant that differs. Fields that only the other side knows are ignored."""
        try:
            theirs = json.loads(stored)
        except ValueError:
            return ["it is not JSON"]
        if not isinstance(theirs, dict):
            return ["it is not a JSON object"]
        return [
            f"{name} is {ours} here and {theirs.get(name)} there"
            for name, ours in asdict(self).items()
            if theirs.get(name) != ours
        ]


async def agree(client: ZooKeeperClient, paths: Paths, constants: ClusterConstants) -> int:
    """Checks the constants; the first node of a data centre writes them, and the folders that all others use.

    Returns when the constants were written: another time later means that ZooKeeper's data was wiped.
    Raises ``CoordinationError`` when this node disagrees, ``NotAuthorizedError`` for a wrong user or password.
    """
    try:
        stored, stat = await client.get(paths.config)
    except NoNodeError:
        await _create_layout(client, paths, constants.to_bytes())
        stored, stat = await client.get(paths.config)
    if differences := constants.differences(stored):
        what = "; ".join(differences)
        raise CoordinationError(f"this node does not fit the cluster of {paths.config}: {what}")
    return stat.mtime_ms


async def _create_layout(client: ZooKeeperClient, paths: Paths, config: bytes) -> None:
    """Creates what may exist already, or be created by another process at the same time."""
    groups = [paths.group(role) for role in GROUPS]
    for path in (ROOT, paths.dc, *groups, paths.workers, paths.routes):
        await _create_if_missing(client, Create(path))
    await _create_buckets(client, paths)
    # Last, so that who finds the config finds everything.
    await _create_if_missing(client, Create(paths.config, config))


async def _create_buckets(client: ZooKeeperClient, paths: Paths) -> None:
    while True:
        # Looked up again after every lost race: a whole cluster starting at once shares the work that way, while
        # stepping over existing nodes one refusal at a time took each of eight nodes a thousand transactions.
        present, _ = await client.children(paths.routes)
        known = {f"{paths.routes}/{name}" for name in present}
        missing = [path for path in map(paths.routes_bucket, range(ROUTE_BUCKETS)) if path not in known]
        if not missing:
            return
        try:
            for first in range(0, len(missing), MULTI_LIMIT):
                await client.multi([Create(path) for path in missing[first : first + MULTI_LIMIT]])
        except TransactionError as error:
            if not isinstance(error.cause, NodeExistsError):
                raise error.cause from error


async def _create_if_missing(client: ZooKeeperClient, node: Create) -> None:
    try:
        await client.create(node.path, node.value)
    except NodeExistsError:
        pass
