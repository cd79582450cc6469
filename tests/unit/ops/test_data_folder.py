"""A data folder belongs to one cluster at a time, and its file is for its owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ops.local_cluster.cluster_file import ClusterFile, kept_secret
from ops.local_cluster.layout import DataFolder, default_data_folder
from service_kit.errors import StartupError

CLUSTER = ClusterFile(
    url="http://127.0.0.1:8080",
    dc="dc1",
    zookeeper="127.0.0.1:2181",
    jwt_secret="s3cret",
    dispatchers={"dispatcher-1": "127.0.0.1:1"},
    nodes={"rms-1": "127.0.0.1:2"},
)


def test_only_one_may_have_it(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path / "data"), DataFolder(tmp_path / "data")
    first.lock()
    first.lock()
    with pytest.raises(StartupError, match=rf"\(process {os.getpid()}\) already runs on {tmp_path}/data"):
        second.lock()
    first.unlock()
    second.lock()
    second.unlock()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("LIVECOMMENTS_DATA", raising=False)
    assert default_data_folder() == Path("/home/ada/.local/share/livecomments")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_data_folder() == Path("/data/livecomments")
    monkeypatch.setenv("LIVECOMMENTS_DATA", "/elsewhere")
    assert default_data_folder() == Path("/elsewhere")


def test_the_cluster_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    file.touch(mode=0o644)
    CLUSTER.write(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ClusterFile.read(file) == CLUSTER


def test_the_secret_is_made_once(tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    assert len(kept_secret(file)) >= 32
    assert kept_secret(file) != kept_secret(file), "until it is written down"
    CLUSTER.write(file)
    assert kept_secret(file) == "s3cret"


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff"])
def test_a_damaged_file_says_so(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "cluster.json"
    file.write_bytes(content)
    with pytest.raises(StartupError, match="is damaged; delete it"):
        ClusterFile.read(file)


def test_no_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="start one with `livecomments up`"):
        ClusterFile.read(tmp_path / "cluster.json")


def test_an_earlier_runs_zookeeper_is_forgotten_and_nothing_else(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    old = folder.zookeeper / "data" / "version-2"
    old.mkdir(parents=True)
    (folder.zookeeper / "data" / "mine").touch()
    folder.forget_zookeeper()
    assert not old.exists()
    assert (folder.zookeeper / "data" / "mine").exists()
