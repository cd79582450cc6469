"""``livecomments token``, and the tokens that the other commands post with."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Protocol

import typer

from comment_service.content import clean_name
from comment_service.refusal import InvalidArgument
from ops.client.endpoint import Endpoint
from ops.client.errors import ApiError, ClientError, ProtocolError
from ops.client.http_client import HttpClient
from ops.client.problem import problem_detail
from ops.commands.options import Data, local_cluster, local_data_centres, require_video
from service_kit.auth.identity import Identity
from service_kit.auth.tokens import MAX_NAME_CHARACTERS, MAX_USER_ID_CHARACTERS, sign
from service_kit.errors import StartupError

LIFETIME_S = 24 * 60 * 60
Role = Literal["viewer", "moderator", "admin", "service"]


class TokenSource(Protocol):
    """Where the commands that post have their tokens from."""

    async def of(self, user: str) -> str:
        """A token that speaks for ``user``; the same one each time. Raises ``ClientError``, ``StartupError``."""


class GivenTokenSource:
    """One token, whoever it speaks for."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def of(self, user: str) -> str:
        return self._token


class Signer:
    """Signs tokens that a comment service with the same secret accepts for a day."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._by_user: dict[str, str] = {}

    @classmethod
    def of_local_cluster(cls, data: Path | None) -> Signer:
        """With the secret of the cluster on that folder. Raises ``StartupError`` where there is none."""
        return cls(local_cluster(data).jwt_secret)

    def sign(self, user: str, name: str | None = None, role: Role = "viewer", *, videos: Iterable[str] = ()) -> str:
        """A token for ``user``, shown as ``name``, who may end ``videos``."""
        identity = Identity(user, name or user[:MAX_NAME_CHARACTERS], frozenset({role}), frozenset(videos))
        return sign(identity, self._secret, lifetime_s=LIFETIME_S).token

    async def of(self, user: str) -> str:
        if user not in self._by_user:
            self._by_user[user] = self.sign(user[:MAX_USER_ID_CHARACTERS])
        return self._by_user[user]


class DevTokenSource:
    """Asks the server for development tokens, for a cluster whose secret is not on this machine."""

    def __init__(self, http: HttpClient, url: str) -> None:
        self._http = http
        self._url = url
        self._by_name: dict[str, asyncio.Task[str]] = {}

    async def of(self, user: str) -> str:
        name = user[:MAX_NAME_CHARACTERS]
        if name not in self._by_name:
            self._by_name[name] = asyncio.get_running_loop().create_task(self._ask(name))
        return await self._by_name[name]

    async def _ask(self, name: str) -> str:
        body = json.dumps({"name": name}).encode()
        headers = {"Content-Type": "application/json"}
        response = await self._http.request("POST", "/auth/dev-token", headers=headers, body=body)
        if response.status == 404:
            raise ClientError(f"{self._url} gives no development tokens; give it one with --token")
        if response.status != 200:
            raise ApiError(response.status, problem_detail(response.head, response.body))
        try:
            return str(json.loads(response.body)["token"])
        except (ValueError, KeyError, TypeError):
            raise ProtocolError("/auth/dev-token answered without a token") from None


def _user(value: str | None) -> str | None:
    return _checked(value, MAX_USER_ID_CHARACTERS)


def _name(value: str | None) -> str | None:
    return _checked(value, MAX_NAME_CHARACTERS)


def _checked(value: str | None, max_characters: int) -> str | None:
    if value is None:
        return None
    try:
        return clean_name("it", value, max_characters=max_characters)
    except InvalidArgument as error:
        raise typer.BadParameter(str(error.detail)) from None


def token(
    user: Annotated[str, typer.Option("--user", metavar="U", help="Whom it speaks for (sub).", callback=_user)],
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="N", help="The name that others see. [default: the user]", callback=_name),
    ] = None,
    role: Annotated[
        Role, typer.Option("--role", help="What the user may do. A service is no person but a process of yours.")
    ] = "viewer",
    videos: Annotated[
        list[str] | None,
        typer.Option("--video", metavar="VIDEO", help="A video that the user may end; as often as need be."),
    ] = None,
    data: Data = None,
) -> None:
    """Print a signed token (JWT) for development, good for a day.

    It is signed with the secret of the local cluster that `livecomments up` started.

    Examples:

      livecomments token --user ada --name Ada

      curl -H "Authorization: Bearer $(livecomments token --user mod --role moderator)" …
    """
    for video in videos or ():
        require_video(video)
    print(Signer.of_local_cluster(data).sign(user, name, role, videos=videos or ()))


PostAs = Annotated[
    str | None,
    typer.Option("--user", metavar="U", help="Post as this user. [default: $USER]", callback=_user),
]
GivenToken = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="LIVECOMMENTS_TOKEN",
        metavar="JWT",
        help="Post with this token. [default: one signed with the local cluster's secret, or a development token]",
        show_default=False,
    ),
]

ReaderToken = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="LIVECOMMENTS_TOKEN",
        metavar="JWT",
        help="Read with this token. [default: where reading needs one, as for post]",
        show_default=False,
    ),
]


def token_source(given: str | None, data: Path | None, http: HttpClient, url: str) -> TokenSource:
    """The given token; else the secret of the local cluster that ``data`` names, or that is reached at ``url``; else
    the server's development tokens. Raises ``StartupError`` where ``data`` holds no cluster."""
    if given is not None:
        return GivenTokenSource(given)
    if data is not None:
        return Signer.of_local_cluster(data)
    try:
        clusters = local_data_centres(None)
    except StartupError:
        return DevTokenSource(http, url)
    wanted = Endpoint.parse(url.replace("//localhost", "//127.0.0.1")).authority
    for cluster in clusters:
        if Endpoint.parse(cluster.url).authority == wanted:
            return Signer(cluster.jwt_secret)
    return DevTokenSource(http, url)


def me() -> str:
    """Whoever runs the command."""
    return getpass.getuser()
