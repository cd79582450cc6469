"""Options and arguments that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.local_cluster.cluster_file import ClusterFile
from ops.local_cluster.layout import MAX_DATA_CENTRES, DataFolder, default_data_folder
from service_kit.video_id import is_video_id

DEFAULT_URL = "http://127.0.0.1:8080"


def require_video(value: str) -> None:
    """Raises ``typer.BadParameter`` for what is no video id."""
    if not is_video_id(value):
        raise typer.BadParameter(f"{value!r} is no video id: 1 to 64 of A-Z a-z 0-9 _ -")


def _video(value: str | None) -> str | None:
    if value is not None:
        require_video(value)
    return value


VIDEO_HELP = "The video's id (liveVideoId)."
Video = Annotated[str, typer.Argument(metavar="VIDEO", help=VIDEO_HELP, callback=_video)]
VideoOption = Annotated[str, typer.Option("--video", metavar="VIDEO", help=VIDEO_HELP, callback=_video)]
OptionalVideo = Annotated[
    str | None, typer.Argument(metavar="[VIDEO]", help="Only this video; all by default.", callback=_video)
]
Url = Annotated[str, typer.Option("--url", metavar="URL", help="Where livecomments is reached.")]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        file_okay=False,
        show_default=False,
        help="The local cluster's data folder. [default: $LIVECOMMENTS_DATA, or livecomments in the XDG data folder]",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]


def data_folder(given: Path | None) -> DataFolder:
    """The folder that ``--data`` names, else the environment's, else the default."""
    return DataFolder(given or default_data_folder())


def local_cluster(given: Path | None) -> ClusterFile:
    """The first data centre that ``up`` started on that folder. Raises ``StartupError`` where there is none."""
    return ClusterFile.read(data_folder(given).cluster_file)


def local_data_centres(given: Path | None) -> list[ClusterFile]:
    """All data centres that `up` started on that folder, the first one first. Raises ``StartupError`` where none is."""
    folder = data_folder(given)
    further = (folder.data_centre(number).cluster_file for number in range(2, MAX_DATA_CENTRES + 1))
    return [ClusterFile.read(folder.cluster_file), *(ClusterFile.read(file) for file in further if file.exists())]
