"""The data folder of a local cluster: who uses it, and what lies where in it."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import IO

from service_kit.errors import StartupError


def default_data_folder() -> Path:
    """``LIVECOMMENTS_DATA``, else ``livecomments`` in the user's XDG data folder."""
    if given := os.environ.get("LIVECOMMENTS_DATA"):
        return Path(given)
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "livecomments"


MAX_DATA_CENTRES = 16


class DataFolder:
    """One cluster's folder; only one cluster runs on it at a time.

    Holds ``cluster.json``, the store, a folder each for ZooKeeper, Cassandra and Envoy, and ``logs/``. Further data
    centres have the like, but for the store, in ``dc2/``, ``dc3/``, …
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: IO[str] | None = None

    @property
    def cluster_file(self) -> Path:
        return self.path / "cluster.json"

    @property
    def zookeeper(self) -> Path:
        return self.path / "zookeeper"

    @property
    def cassandra(self) -> Path:
        return self.path / "cassandra"

    @property
    def envoy(self) -> Path:
        return self.path / "envoy"

    def data_centre(self, number: int) -> DataFolder:
        """The folder of the data centre of that number; the first one's, 1, is this one."""
        return self if number == 1 else DataFolder(self.path / f"dc{number}")

    def forget_data_centres(self, beyond: int) -> None:
        """Removes the ``cluster.json`` of those that an earlier run had and this one has not."""
        for number in range(beyond + 1, MAX_DATA_CENTRES + 1):
            self.data_centre(number).cluster_file.unlink(missing_ok=True)

    def log_file(self, node: str) -> Path:
        return self.path / "logs" / f"{node}.log"

    def lock(self) -> None:
        """Creates the folder and takes it for this process, until ``unlock`` or the process's end. Idempotent.

        Raises ``StartupError`` where another cluster has it or it cannot be written.
        """
        if self._lock is not None:
            return
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise StartupError(f"the data folder {self.path} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            lock.close()
            raise StartupError(
                f"a cluster (process {holder}) already runs on {self.path}; stop it, or give --data another folder"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def unlock(self) -> None:
        """Lets another cluster have it. Idempotent."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    def forget_zookeeper(self) -> None:
        """Removes what ZooKeeper stored in an earlier run.

        All of it is about processes that are gone; kept, the sessions of a cluster that was killed would come back
        to life for their timeout.
        """
        shutil.rmtree(self.zookeeper / "data" / "version-2", ignore_errors=True)
