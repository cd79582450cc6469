"""How tests are shared out among the workers of ``pytest -n``.

A file's tests run on one worker, and so do files that share a costly part: a cluster, a browser, a Cassandra.
"""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling

# What a group's node ids begin with.
GROUPS = {
    "the contract's Cassandra": re.compile(r"tests/contract/store/.*\[.*cassandra"),
    "the page's cluster": re.compile(r"tests/e2e/page/"),
    "the delivery cluster over HTTP/2": re.compile(r"tests/e2e/delivery/.*\[(.*-)?h2\b"),
    "the delivery cluster over HTTP/1.1": re.compile(r"tests/e2e/delivery/.*\[(.*-)?http1\b"),
    "the attacked cluster": re.compile(r"tests/attack/"),
    "the shared cluster": re.compile(r"tests/e2e/(test_bad_input|clients/|ops/test_commands|ops/test_replay)"),
}
# The long ones begin first, so that no worker ends long after the others.
FOLDERS = ("tests/chaos/", "tests/e2e/", "tests/contract/", "tests/integration/")


def group_of(nodeid: str) -> str:
    """What a test runs together with: its group, or else its file."""
    found = (name for name, beginning in GROUPS.items() if beginning.match(nodeid))
    return next(found, nodeid.partition("::")[0])


def turn_of(nodeid: str) -> int:
    """When its group is given to a worker; lower ones before."""
    group = group_of(nodeid)
    if group in GROUPS:
        return list(GROUPS).index(group)
    found = (turn for turn, folder in enumerate(FOLDERS) if group.startswith(folder))
    return len(GROUPS) + next(found, len(FOLDERS))


class SharingOut(LoadScopeScheduling):  # type: ignore[misc]
    """In the order of the collection, a group at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
