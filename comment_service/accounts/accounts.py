"""The use cases of accounts: register, log in, change the password, give roles. Knows no HTTP, no gRPC and no SQL."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from comment_service.account import Account
from comment_service.accounts.attempts import Attempts
from comment_service.accounts.passwords import Passwords, clean_password
from comment_service.accounts.usernames import parse_username
from comment_service.audit import Audit
from comment_service.metrics import CommentServiceMetrics
from comment_service.refusal import Forbidden, InvalidArgument, NotFound, StoreBusy, Taken, WrongLogin, WrongPassword
from comment_service.roles import administers
from comment_service.store import Store, StoreConflict
from comment_service.store_calls import StoreCalls
from coordination.ids import clock_ms
from service_kit.auth.identity import ADMIN, MODERATOR, VIEWER, Identity
from service_kit.auth.tokens import SignedToken, TokenSigner

ROLES = frozenset({VIEWER, MODERATOR, ADMIN})
# A log-in hashes again once after the cost was changed, so a second time is rare already.
_CHANGE_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user, and the token that speaks for them."""

    user: Identity
    token: SignedToken


class Accounts:
    """Every method raises a ``Refusal`` where it cannot do what is asked.

    ``address`` is the client's IP address, None where it is not known: then only usernames are counted.
    """

    def __init__(
        self,
        store: Store,
        audit: Audit,
        metrics: CommentServiceMetrics,
        signer: TokenSigner,
        *,
        passwords: Passwords,
        attempts: Attempts,
    ) -> None:
        self._store = store
        self._audit = audit
        self._calls = StoreCalls(metrics)
        self._signer = signer
        self.passwords = passwords
        self.attempts = attempts

    async def register(self, username: str, password: str, address: str | None = None) -> SignedIn:
        """A new viewer.

        Raises ``InvalidArgument`` (username, password), ``Taken``, ``RateLimited``, ``PasswordsBusy``.
        """
        wanted, password = parse_username(username), clean_password(password)
        self.attempts.registration(address)
        if await self._find(wanted.key) is not None:
            raise _taken()
        account = Account(
            user_id=f"u-{secrets.token_hex(12)}",
            username=wanted.key,
            name=wanted.name,
            password_hash=await self.passwords.hash(password),
            roles=frozenset({VIEWER}),
            created_at_ms=clock_ms(),
        )
        try:
            await self._calls.ask("add_account", lambda: self._store.accounts.add(account))
        except StoreConflict:
            raise _taken() from None
        return self._sign_in(account)

    async def login(self, username: str, password: str, address: str | None = None) -> SignedIn:
        """Raises ``InvalidArgument`` for what can be neither, ``WrongLogin`` for an unknown user as well,
        ``RateLimited``, ``PasswordsBusy``."""
        given, password = parse_username(username), clean_password(password)
        self.attempts.login(given.key, address)
        account = await self._find(given.key)
        encoded = None if account is None else account.password_hash
        known = await self.passwords.verify(encoded, password)
        if account is None or not known:
            raise WrongLogin("the username or the password is wrong")
        self.attempts.succeeded(given.key, address)
        if self.passwords.is_outdated(account.password_hash):
            # Where that is too late, the password was changed or another log-in did it: theirs stays.
            await self._replace_hash(account, await self.passwords.hash(password))
        return self._sign_in(account)

    async def change_password(
        self, user: Identity, password: str, new_password: str, address: str | None = None
    ) -> SignedIn:
        """``password``: the one until now, for a token alone is no proof that it is its owner who asks.

        The tokens that the user has are good until they expire. Counted as a log-in. Raises ``InvalidArgument``
        (password, new_password), ``NotFound`` for who has no account here, ``WrongPassword`` (also where another
        change was first), ``RateLimited``, ``PasswordsBusy``.
        """
        password, wanted = clean_password(password), clean_password(new_password, field="new_password")
        account = await self._of(user)
        self.attempts.login(account.username, address)
        await self._prove(account, password)
        self.attempts.succeeded(account.username, address)
        encoded = await self.passwords.hash(wanted)
        for _ in range(_CHANGE_ATTEMPTS):
            if await self._replace_hash(account, encoded):
                return self._sign_in(account)
            account = await self._of(user)
            await self._prove(account, password)
        raise StoreBusy("the password is being changed elsewhere; try again in a moment")

    async def set_roles(self, admin: Identity, username: str, roles: frozenset[str]) -> Identity:
        """Gives an account exactly ``roles``; returns the user as the next token describes them.

        The tokens that the user has keep theirs until they expire. Raises ``Forbidden``, ``InvalidArgument``,
        ``NotFound``.
        """
        if not administers(admin):
            raise Forbidden("only an admin gives roles")
        if not roles or not roles <= ROLES:
            raise InvalidArgument("roles", f"has to be one or more of {', '.join(sorted(ROLES))}")
        account = await self._find(parse_username(username).key)
        if account is None:
            raise NotFound("there is no such user")
        # The trail first: a role that nobody can be found to have given is worse than an entry without effect.
        await self._audit(admin, "set_roles", account.user_id, {"roles": " ".join(sorted(roles))})
        await self._calls.ask("set_roles", lambda: self._store.accounts.set_roles(account.user_id, roles))
        return Identity(account.user_id, account.name, roles)

    def close(self) -> None:
        """Lets the password threads go."""
        self.passwords.close()

    async def _find(self, key: str) -> Account | None:
        return await self._calls.ask("find_account", lambda: self._store.accounts.by_username(key))

    async def _of(self, user: Identity) -> Account:
        account = await self._calls.ask("find_account", lambda: self._store.accounts.by_user_id(user.user_id))
        if account is None:
            raise NotFound("you have no account here: your token comes from elsewhere")
        return account

    async def _prove(self, account: Account, password: str) -> None:
        if not await self.passwords.verify(account.password_hash, password):
            raise WrongPassword("is wrong", field="password")

    async def _replace_hash(self, account: Account, encoded: str) -> bool:
        """False where the account's hash is another by now."""
        return await self._calls.ask(
            "set_password",
            lambda: self._store.accounts.set_password_hash(account.user_id, encoded, replaces=account.password_hash),
        )

    def _sign_in(self, account: Account) -> SignedIn:
        user = Identity(account.user_id, account.name, account.roles)
        return SignedIn(user, self._signer.sign(user))


def _taken() -> Taken:
    return Taken("is taken", field="username")
