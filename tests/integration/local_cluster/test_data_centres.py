"""What is refused, and forgotten, before any data centre is started."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops.commands.options import local_data_centres
from ops.local_cluster.cluster import ClusterOptions, LocalCluster
from ops.local_cluster.cluster_file import ClusterFile
from ops.local_cluster.data_centres import DataCentres
from ops.local_cluster.layout import DataFolder
from service_kit.errors import StartupError


def centres(folder: Path, number: int) -> DataCentres[LocalCluster]:
    return DataCentres(DataFolder(folder), ClusterOptions(port=0, store="cassandra"), number, make=LocalCluster)


async def refusal(folder: Path, number: int) -> str:
    with pytest.raises(StartupError) as refused:
        await centres(folder, number).start()
    assert not (folder / "zookeeper").exists(), "nothing was started"
    return str(refused.value)


async def test_cassandra_s_data_is_for_the_number_of_data_centres_that_it_was_made_with(tmp_path: Path) -> None:
    (tmp_path / "cassandra" / "data").mkdir(parents=True)
    assert re.search("those of 1 data centre; start it with --dcs 1, or .* --data", await refusal(tmp_path, 2))
    (tmp_path / "cassandra" / "data_centres").write_text("2\n")
    assert "those of 2 data centres; start it with --dcs 2" in await refusal(tmp_path, 1)


def test_data_centres_of_an_earlier_run_are_forgotten(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    for number in (1, 2, 3):
        url = f"http://127.0.0.1:{8079 + number}"
        file = ClusterFile(url=url, dc=f"dc{number}", zookeeper="", jwt_secret="", dispatchers={}, nodes={})
        folder.data_centre(number).path.mkdir(exist_ok=True)
        file.write(folder.data_centre(number).cluster_file)
    assert [each.dc for each in local_data_centres(tmp_path)] == ["dc1", "dc2", "dc3"]
    folder.forget_data_centres(beyond=2)
    assert [each.dc for each in local_data_centres(tmp_path)] == ["dc1", "dc2"]


def test_each_knows_the_others_dispatchers_and_its_own_number(tmp_path: Path) -> None:
    first, second, third = centres(tmp_path, 3).clusters
    for number, cluster in enumerate((first, second, third)):
        for node in cluster.nodes.values():
            assert node.settings["LIVECOMMENTS_DC_NUMBER"] == str(number)
            assert node.settings["LIVECOMMENTS_DATA"] == str(tmp_path), "one store, one folder of images"
    [dispatcher, _] = second.dispatchers.values()
    peers = dispatcher.process.env["LIVECOMMENTS_DISPATCHER_PEERS"]
    assert '"dc1"' in peers
    assert '"dc2"' not in peers
    assert all(node.address("GRPC_PORT") in peers for node in third.dispatchers.values())
