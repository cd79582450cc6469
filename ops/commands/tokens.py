"""``livecomments token``, and the tokens that the other commands post with."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Literal

import typer

from comment_service.content import clean_name
from comment_service.identity import Identity
from comment_service.refusal import InvalidArgument
from comment_service.tokens import MAX_NAME_CHARACTERS, MAX_USER_ID_CHARACTERS, sign
from ops.commands.options import Data, local_cluster

LIFETIME_S = 24 * 60 * 60
Role = Literal["viewer", "moderator", "admin"]


class Signer:
    """Signs tokens that a comment service with the same secret accepts for a day."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._by_author: dict[str, str] = {}

    @classmethod
    def of_local_cluster(cls, data: Path | None) -> Signer:
        """With the secret of the cluster on that folder. Raises ``StartupError`` where there is none."""
        return cls(local_cluster(data).jwt_secret)

    def sign(self, user: str, name: str | None = None, role: Role = "viewer") -> str:
        """A token for ``user``, shown as ``name``."""
        identity = Identity(user_id=user, name=name or user[:MAX_NAME_CHARACTERS], roles=frozenset({role}))
        return sign(identity, self._secret, lifetime_s=LIFETIME_S).token

    def of_author(self, author: str) -> str:
        """The author's own token, made once."""
        if author not in self._by_author:
            self._by_author[author] = self.sign(author[:MAX_USER_ID_CHARACTERS])
        return self._by_author[author]


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
    role: Annotated[Role, typer.Option("--role", help="What the user may do.")] = "viewer",
    data: Data = None,
) -> None:
    """Print a signed token (JWT) for development, good for a day.

    It is signed with the secret of the local cluster that `livecomments up` started.

    Examples:

      livecomments token --user ada --name Ada

      curl -H "Authorization: Bearer $(livecomments token --user mod --role moderator)" …
    """
    print(Signer.of_local_cluster(data).sign(user, name, role))


PostAs = Annotated[
    str | None,
    typer.Option(
        "--user", metavar="U", help="Post as this user of the local cluster. [default: $USER]", callback=_user
    ),
]
GivenToken = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="LIVECOMMENTS_TOKEN",
        metavar="JWT",
        help="Post with this token. [default: one signed with the local cluster's secret]",
        show_default=False,
    ),
]


def token_to_post_with(given: str | None, user: str | None, data: Path | None) -> str:
    """The given token, else one for ``user``, else for whoever runs the command. Raises ``StartupError``."""
    return given or Signer.of_local_cluster(data).sign(user or getpass.getuser())
