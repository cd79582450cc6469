"""Dependencies run one way: the services know the stubs, coordination and service_kit, never each other."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
OWN = {"livecomments", "coordination", "service_kit", "dispatcher", "rms", "comment_service", "lb", "ops", "tests"}
BASE = {"livecomments", "coordination", "service_kit"}
MAY_IMPORT = {
    "livecomments": set[str](),
    "coordination": set[str](),
    "service_kit": set[str](),
    "dispatcher": BASE,
    "rms": BASE,
    "comment_service": BASE,
    "lb": BASE,
    "ops": OWN - {"tests"},
}
# What a package may not even know of the outside.
FOREIGN = {
    "coordination": {"cassandra", "tornado", "grpc", "prometheus_client"},
    "service_kit": {"cassandra", "kazoo", "sqlite3"},
    "dispatcher": {"cassandra", "kazoo", "tornado", "sqlite3"},
    "rms": {"cassandra", "kazoo", "sqlite3"},
    "comment_service": {"kazoo"},
    "lb": {"cassandra", "kazoo", "tornado"},
}
# Pure cores import no I/O.
PURE = [
    "comment_service/accounts/attempts.py",
    "comment_service/accounts/usernames.py",
    "comment_service/comment.py",
    "comment_service/content.py",
    "comment_service/moderation/times.py",
    "comment_service/moderation/words/confusables.py",
    "comment_service/moderation/words/matcher.py",
    "comment_service/moderation/words/spelling.py",
    "comment_service/rates/addresses.py",
    "comment_service/rates/allowance.py",
    "comment_service/history/page_cache.py",
    "comment_service/history/wanted.py",
    "comment_service/reactions/pending.py",
    "comment_service/store/cassandra/comment_rows.py",
    "comment_service/media/containers/__init__.py",
    "comment_service/media/containers/container.py",
    "comment_service/media/containers/gif.py",
    "comment_service/media/containers/jpeg.py",
    "comment_service/media/containers/png.py",
    "comment_service/media/containers/webp.py",
    "comment_service/media/image.py",
    "comment_service/media/orientation.py",
    "coordination/ids/comment_ids.py",
    "coordination/paths.py",
    "coordination/routes/table.py",
    "dispatcher/router.py",
    "dispatcher/viewer_counts.py",
    "dispatcher/viewer_totals.py",
    "rms/changes.py",
    "rms/frames.py",
    "rms/gathered.py",
    "rms/groups.py",
    "rms/links/h2_allowance.py",
    "rms/links/h2_connection.py",
    "rms/links/h2_frames.py",
    "rms/links/h2_headers.py",
    "rms/links/h2_streams.py",
    "rms/links/h2_uploads.py",
    "rms/links/h2_viewers.py",
    "rms/reaction_totals.py",
    "rms/riders.py",
    "rms/ring.py",
    "rms/stream_request.py",
    "rms/viewer_counts.py",
    "service_kit/auth/bearer.py",
    "service_kit/auth/identity.py",
    "service_kit/auth/tickets.py",
    "service_kit/auth/tokens.py",
    "service_kit/rendezvous.py",
    "service_kit/text.py",
    "lb/envoy/bootstrap.py",
]
IO = {
    "asyncio",
    "cassandra",
    "socket",
    "select",
    "selectors",
    "kazoo",
    "grpc",
    "tornado",
    "sqlite3",
    "threading",
    "subprocess",
}


def _files(package: str) -> list[Path]:
    folder = ROOT / ("proto/livecomments" if package == "livecomments" else package)
    return [path for path in folder.rglob("*.py") if not path.name.endswith(("_pb2.py", "_pb2_grpc.py"))]


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0], node.lineno


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_a_package_imports_only_what_it_may(package: str) -> None:
    assert package == "livecomments" or _files(package), (
        f"{package} has no files: is this test looking in the right place?"
    )
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in _files(package)
        for name, line in _imports(path)
        if (name in OWN and name != package and name not in MAY_IMPORT[package]) or name in FOREIGN.get(package, set())
    ]
    assert not wrong


@pytest.mark.parametrize("file", PURE)
def test_a_pure_core_imports_no_io(file: str) -> None:
    assert {name for name, _ in _imports(ROOT / file)} & IO == set()


def test_the_names_are_those_of_this_project() -> None:
    assert not OWN & set(sys.stdlib_module_names)
