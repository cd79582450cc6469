"""The committed stubs are what their protos generate."""

from __future__ import annotations

from pathlib import Path

from ops.build import stubs


def test_stubs_match_their_protos(tmp_path: Path) -> None:
    stubs.generate(tmp_path)
    generated = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.py*")}
    committed = {
        path.relative_to(stubs.PROTO_ROOT): path.read_text()
        for path in stubs.PROTO_ROOT.rglob("*_pb2*.py*")
        if "__pycache__" not in path.parts
    }
    assert generated, "protoc made nothing"
    assert {name for name in generated if generated[name] != committed.get(name)} == set(), (
        "regenerate them: python -m ops.build.stubs"
    )
    assert set(committed) == set(generated), "a stub has no proto any more"
