"""``livecomments account``."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from ops.client.errors import ApiError
from ops.client.http_client import HttpClient
from ops.client.problem import problem_detail
from ops.commands.options import DEFAULT_URL, Data, Url, local_cluster
from ops.commands.tokens import me
from service_kit.auth.identity import ADMIN, Identity
from service_kit.auth.tokens import TokenSigner

SETTINGS = "LIVECOMMENTS_COMMENT_SERVICE_"
LIFETIME_S = 60
AdminToken = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="LIVECOMMENTS_TOKEN",
        metavar="JWT",
        help="An admin's token. [default: one signed with the cluster's secret]",
        show_default=False,
    ),
]

account = typer.Typer(no_args_is_help=True, help="Accounts that people registered.")


@account.callback()
def _group() -> None:
    """Accounts that people registered."""


@account.command("role")
def role(
    username: Annotated[str, typer.Argument(metavar="USERNAME", help="Whose account.")],
    roles: Annotated[list[str], typer.Argument(metavar="ROLE...", help="viewer, moderator or admin; one or more.")],
    *,
    url: Url = DEFAULT_URL,
    token: AdminToken = None,
    data: Data = None,
) -> None:
    """Give an account exactly these roles; they count from its next log-in on.

    It needs an admin's token. The first admin is made by whoever holds the cluster's secret: without --token, one is
    signed with LIVECOMMENTS_COMMENT_SERVICE_JWT_SECRET, or else with the local cluster's secret.

    Examples:

      livecomments account role ada admin

      livecomments account role grace moderator --url https://live.example.org --token "$JWT"
    """

    async def send() -> str:
        async with HttpClient(url) as http:
            response = await http.request(
                "PUT",
                f"/auth/users/{quote(username, safe='')}/roles",
                headers={"Authorization": f"Bearer {token or _admin_token(data)}", "Content-Type": "application/json"},
                body=json.dumps({"roles": roles}).encode(),
            )
        if response.status != 200:
            raise ApiError(response.status, problem_detail(response.head, response.body))
        user = json.loads(response.body)["user"]
        return f"{user['name']}: {', '.join(user['roles'])}"

    print(asyncio.run(send()))


def _admin_token(data: Path | None) -> str:
    """Signed with the secret in the environment, but for a local cluster that is named."""
    secret = os.environ.get(SETTINGS + "JWT_SECRET")
    if not secret or data is not None:
        secret = local_cluster(data).jwt_secret
    issuer, audience = (os.environ.get(SETTINGS + name) for name in ("JWT_ISSUER", "JWT_AUDIENCE"))
    signer = TokenSigner(secret, LIFETIME_S, issuer, audience)
    return signer.sign(Identity(f"cli-{me()}", me(), frozenset({ADMIN}))).token
