"""``cluster.json``: how the client commands find a local cluster and its secret."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from service_kit.errors import StartupError

SECRET_BYTES = 32


class ClusterFile(BaseModel):
    """What ``up`` writes into its data folder, readable by its owner alone.

    Attributes:
        dispatchers: node id → gRPC address.
        nodes: node id → admin address.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: str
    dc: str
    zookeeper: str
    jwt_secret: str
    dispatchers: dict[str, str]
    nodes: dict[str, str]

    @classmethod
    def read(cls, file: Path) -> ClusterFile:
        """Raises ``StartupError`` where there is no such file or it is damaged."""
        try:
            return cls.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            raise StartupError(
                f"no local cluster in {file.parent}; start one with `livecomments up`, or say where it is with --data"
            ) from None
        except OSError as error:
            raise StartupError(f"{file}: {error.strerror}") from None
        except ValidationError:
            raise StartupError(f"{file} is damaged; delete it and start the cluster again") from None

    def write(self, file: Path) -> None:
        """Replaces the file as a whole, with mode 0600 from its first byte on."""
        draft = file.with_name(f"{file.name}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(self.model_dump_json(indent=2) + "\n")
        draft.replace(file)


def kept_secret(file: Path) -> str:
    """The secret of the cluster that was here before, so that its tokens stay good; else a new one.

    Raises ``StartupError`` for a damaged file.
    """
    if file.exists():
        return ClusterFile.read(file).jwt_secret
    return secrets.token_urlsafe(SECRET_BYTES)
