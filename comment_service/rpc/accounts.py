"""``livecomments.v1.AccountService``: accounts for internal services."""

from __future__ import annotations

from comment_service.accounts import Accounts, SignedIn
from comment_service.metrics import CommentServiceMetrics
from comment_service.reasons import RefusalReason
from comment_service.refusal import Refusal
from comment_service.rpc.edge import Context, GrpcEdge
from comment_service.services import Services
from livecomments.v1 import accounts_pb2 as pb
from livecomments.v1 import accounts_pb2_grpc
from service_kit.auth.identity import Identity
from service_kit.grpc_server import GrpcService


class AccountServicer(accounts_pb2_grpc.AccountServiceServicer):
    """As ``CommentServicer``."""

    def __init__(self, services: Services, metrics: CommentServiceMetrics) -> None:
        self._services = services
        self._edge = GrpcEdge(services.verifier, metrics)

    def service(self) -> GrpcService:
        """What a ``GrpcServer`` serves."""
        return self._edge.serve(pb.DESCRIPTOR.services_by_name["AccountService"], self)

    async def Register(self, request: pb.RegisterRequest, context: Context) -> pb.SignedIn:  # noqa: N802
        return await self._edge.answer("Register", self._register(request), context)

    async def Login(self, request: pb.LoginRequest, context: Context) -> pb.SignedIn:  # noqa: N802
        return await self._edge.answer("Login", self._login(request), context)

    async def ChangePassword(self, request: pb.ChangePasswordRequest, context: Context) -> pb.SignedIn:  # noqa: N802
        return await self._edge.answer("ChangePassword", self._change_password(request, context), context)

    async def SetRoles(self, request: pb.SetRolesRequest, context: Context) -> pb.SetRolesResponse:  # noqa: N802
        return await self._edge.answer("SetRoles", self._set_roles(request, context), context)

    async def _register(self, request: pb.RegisterRequest) -> pb.SignedIn:
        address = request.client_address or None
        return _message(await self._accounts().register(request.username, request.password, address))

    async def _login(self, request: pb.LoginRequest) -> pb.SignedIn:
        address = request.client_address or None
        return _message(await self._accounts().login(request.username, request.password, address))

    async def _change_password(self, request: pb.ChangePasswordRequest, context: Context) -> pb.SignedIn:
        accounts, address = self._accounts(), request.client_address or None
        user = self._edge.sender(context).identity
        return _message(await accounts.change_password(user, request.password, request.new_password, address))

    async def _set_roles(self, request: pb.SetRolesRequest, context: Context) -> pb.SetRolesResponse:
        accounts = self._accounts()
        admin = self._edge.sender(context).identity
        user = await accounts.set_roles(admin, request.username, frozenset(request.roles))
        return pb.SetRolesResponse(user=_user(user))

    def _accounts(self) -> Accounts:
        if self._services.accounts is None:
            raise _NoAccounts("there are no accounts here: users and their tokens come from another issuer")
        return self._services.accounts


class _NoAccounts(Refusal):
    reason = RefusalReason.UNIMPLEMENTED


def _message(signed_in: SignedIn) -> pb.SignedIn:
    message = pb.SignedIn(user=_user(signed_in.user), token=signed_in.token.token)
    message.expires_at.FromSeconds(signed_in.token.expires_at_s)
    return message


def _user(user: Identity) -> pb.User:
    return pb.User(user_id=user.user_id, name=user.name, roles=sorted(user.roles))
