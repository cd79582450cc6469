"""Regenerates the protobuf and gRPC stubs beside their protos: ``python -m ops.build.stubs [OUT]``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROTO_ROOT = Path(__file__).resolve().parents[2] / "proto"


def generate(out: Path) -> None:
    """Writes ``*_pb2.py``, ``*_pb2_grpc.py`` and their ``.pyi`` of every proto below ``out``.

    Raises ``subprocess.CalledProcessError`` where protoc refuses a file.
    """
    protos = sorted(str(path.relative_to(PROTO_ROOT)) for path in PROTO_ROOT.rglob("*.proto"))
    subprocess.run(
        [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"-I{PROTO_ROOT}",
            f"--python_out={out}",
            f"--mypy_out=quiet:{out}",
            f"--grpc_python_out={out}",
            f"--mypy_grpc_out=quiet:{out}",
            *protos,
        ],
        cwd=PROTO_ROOT,
        # protoc looks for the plugins that mypy-protobuf installs beside this interpreter.
        env={**os.environ, "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))},
        check=True,
    )


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PROTO_ROOT)
