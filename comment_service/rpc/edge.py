"""What every gRPC service of this process shares: who calls, refusals as statuses, and requests parsed here.

gRPC for Python answers a request that it cannot parse (a string of wrong UTF-8, bytes of another message) with UNKNOWN,
and logs a traceback: any client could fill the log. Here it is a wrong argument like any other.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, NoReturn, TypeVar

import grpc
import structlog
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from comment_service.answers_in_order import in_order
from comment_service.authentication import authenticate, authenticate_reader
from comment_service.metrics import CommentServiceMetrics
from comment_service.page import DEFAULT_SIZE
from comment_service.rates import Action, Rates
from comment_service.reasons import RefusalReason
from comment_service.refusal import InvalidArgument, Refusal
from comment_service.sender import Sender
from livecomments.v1 import comment_service_pb2
from service_kit.auth.tokens import TokenVerifier
from service_kit.grpc_server import GrpcService
from service_kit.video_id import is_video_id

Context = grpc.aio.ServicerContext[Any, Any]
Method = Callable[[Any, Context], Awaitable[Message]]
Refuse = Callable[[Refusal, Context], Awaitable[None]]
Q = TypeVar("Q")
T = TypeVar("T")
WINDOW = 4
TICKET_METADATA = "livecomments-ticket"
MAX_PAGE_SIZE = 1000
_CODE = {
    RefusalReason.INVALID_ARGUMENT: grpc.StatusCode.INVALID_ARGUMENT,
    RefusalReason.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    RefusalReason.WRONG_LOGIN: grpc.StatusCode.UNAUTHENTICATED,
    RefusalReason.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    RefusalReason.WRONG_PASSWORD: grpc.StatusCode.PERMISSION_DENIED,
    RefusalReason.BANNED: grpc.StatusCode.PERMISSION_DENIED,
    RefusalReason.BLOCKED_WORD: grpc.StatusCode.PERMISSION_DENIED,
    RefusalReason.NOT_WATCHING: grpc.StatusCode.PERMISSION_DENIED,
    RefusalReason.TAKEN: grpc.StatusCode.ALREADY_EXISTS,
    RefusalReason.VIDEO_ENDED: grpc.StatusCode.FAILED_PRECONDITION,
    RefusalReason.RESOLVED: grpc.StatusCode.FAILED_PRECONDITION,
    RefusalReason.KEY_REUSED: grpc.StatusCode.INVALID_ARGUMENT,
    RefusalReason.RATE_LIMITED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    RefusalReason.SLOW_MODE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    RefusalReason.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    RefusalReason.BODY_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    RefusalReason.UNSUPPORTED_MEDIA_TYPE: grpc.StatusCode.INVALID_ARGUMENT,
    RefusalReason.TOO_SLOW: grpc.StatusCode.DEADLINE_EXCEEDED,
    RefusalReason.UNIMPLEMENTED: grpc.StatusCode.UNIMPLEMENTED,
    RefusalReason.STORE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    RefusalReason.STORE_OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    RefusalReason.PASSWORDS_BUSY: grpc.StatusCode.RESOURCE_EXHAUSTED,
    RefusalReason.INTERNAL: grpc.StatusCode.INTERNAL,
}
# A field's name in the protos, where it is not the project's own.
_NAMES = {"media": "media_ids"}


class GrpcEdge:
    """A call that its client gives up (a deadline, a cancel) ends at once; what it had asked of a use case goes on."""

    def __init__(
        self,
        verifier: TokenVerifier,
        metrics: CommentServiceMetrics,
        *,
        rates: Rates | None = None,
        read_needs_token: bool = False,
    ) -> None:
        self._verifier = verifier
        self._rates = rates
        self._metrics = metrics
        self._read_needs_token = read_needs_token

    def serve(self, service: ServiceDescriptor, servicer: object) -> GrpcService:
        """What a ``GrpcServer`` serves: each method of ``service`` by that of ``servicer`` with its name."""
        handlers = method_handlers(service, servicer, self.refuse)
        return GrpcService(service.full_name, lambda server: server.add_generic_rpc_handlers((handlers,)))

    def sender(self, context: Context) -> Sender:
        """Who calls. Raises ``Unauthenticated``."""
        values = _metadata(context, "authorization")
        tickets = _metadata(context, TICKET_METADATA)
        return Sender(
            authenticate(self._verifier, values[0] if len(values) == 1 else None),
            ticket=tickets[0] if len(tickets) == 1 else None,
        )

    def admitted(
        self, context: Context, action: Action, live_video_id: str | None = None, *, amount: int = 1
    ) -> Sender:
        """Who calls, ``amount`` times ``action``. Raises ``Unauthenticated`` and ``RateLimited``."""
        sender = self.sender(context)
        if self._rates is not None:
            self._rates.take(action, sender, live_video_id, amount=amount)
        return sender

    def require_reader(self, context: Context) -> None:
        """Whether the caller may read. Raises ``Unauthenticated`` where that needs a token and there is none.

        A service that has shown a client certificate (mTLS) needs none.
        """
        encrypted = context.auth_context().get("transport_security_type") == [b"ssl"]
        if self._read_needs_token and not encrypted:  # the server lets nobody in who shows no certificate
            authenticate_reader(self._verifier, _metadata(context, "authorization"))

    async def answer(self, operation: str, answer: Awaitable[T], context: Context) -> T:
        """Awaits ``answer``; what it raises ends the call with a status. ``operation``: the metric's label."""
        began = time.perf_counter()
        try:
            return await answer
        except Exception as error:
            await self.refuse(self._refusal_of(operation, error), context)
        finally:
            self._metrics.request_s.labels("grpc", operation).observe(time.perf_counter() - began)

    async def answer_each(
        self,
        operation: str,
        requests: AsyncIterator[Q],
        answer: Callable[[Q], Awaitable[T]],
        context: Context,
    ) -> AsyncIterator[T]:
        """As ``answer``, for each of a stream's requests; in their order, ``WINDOW`` under way at a time."""

        async def timed(request: Q) -> T:
            began = time.perf_counter()
            try:
                return await answer(request)
            finally:
                self._metrics.request_s.labels("grpc", operation).observe(time.perf_counter() - began)

        try:
            async with aclosing(in_order(requests, timed, window=WINDOW)) as answers:
                async for each in answers:
                    yield each
        except Exception as error:
            await self.refuse(self._refusal_of(operation, error), context)

    def refusal_message(self, operation: str, error: Exception) -> comment_service_pb2.PostRefusal:
        """What is told of one of many, where the others go on; counted as any."""
        refusal = self._refusal_of(operation, error)
        self._metrics.refused.labels("grpc", refusal.reason).inc()
        return comment_service_pb2.PostRefusal(
            reason=refusal.reason, detail=refusal.detail(_NAMES), retry_after_s=refusal.retry_after_s or 0
        )

    async def refuse(self, refusal: Refusal, context: Context) -> NoReturn:
        """Ends the call with the refusal's status."""
        self._metrics.refused.labels("grpc", refusal.reason).inc()
        retry = () if refusal.retry_after_s is None else (("retry-after", str(refusal.retry_after_s)),)
        await context.abort(_CODE[refusal.reason], refusal.detail(_NAMES), trailing_metadata=retry)
        raise AssertionError("abort returned")

    def _refusal_of(self, operation: str, error: Exception) -> Refusal:
        if isinstance(error, Refusal):
            return error
        structlog.get_logger().error("grpc_call_failed", operation=operation, exc_info=error)
        return Refusal("something went wrong on this side; it is logged")


def _metadata(context: Context, name: str) -> list[str]:
    return [str(value) for key, value in context.invocation_metadata() or () if key == name]


def video(live_video_id: str) -> str:
    """A request's video id. Raises ``InvalidArgument``."""
    if not is_video_id(live_video_id):
        raise InvalidArgument("live_video_id", "is not 1 to 64 of A-Z a-z 0-9 _ -")
    return live_video_id


def page_size(size: int) -> int:
    """A request's page size; 0 stands for the default. Raises ``InvalidArgument``."""
    if size > MAX_PAGE_SIZE:
        raise InvalidArgument("page_size", f"is not a number from 1 to {MAX_PAGE_SIZE}, or 0 for {DEFAULT_SIZE}")
    return size or DEFAULT_SIZE


def method_handlers(service: ServiceDescriptor, servicer: object, refuse: Refuse) -> grpc.GenericRpcHandler[Any, Any]:
    """What serves each method of ``service`` by the method of ``servicer`` that has its name.

    A request that cannot be parsed goes to ``refuse``, which ends the call; one of a stream is raised from it there.
    """
    handlers = {method.name: _handler(method, getattr(servicer, method.name), refuse) for method in service.methods}
    handler: grpc.GenericRpcHandler[Any, Any] = grpc.method_handlers_generic_handler(service.full_name, handlers)
    return handler


def _handler(method: MethodDescriptor, answer: Callable[..., Any], refuse: Refuse) -> grpc.RpcMethodHandler[Any, Any]:
    request_type = GetMessageClass(method.input_type)
    serialize = GetMessageClass(method.output_type).SerializeToString
    if method.client_streaming and method.server_streaming:
        streaming = _parsing_stream(answer, request_type)
        return grpc.stream_stream_rpc_method_handler(streaming, response_serializer=serialize)
    if method.client_streaming:
        parsing = _parsing_each(answer, request_type)
        return grpc.stream_unary_rpc_method_handler(parsing, response_serializer=serialize)
    return grpc.unary_unary_rpc_method_handler(_parsing(answer, request_type, refuse), response_serializer=serialize)


def _parsing_each(
    method: Callable[[AsyncIterator[Any], Context], Awaitable[Message]], request_type: type[Message]
) -> Callable[[AsyncIterator[bytes], Context], Awaitable[Any]]:
    async def call(requests: AsyncIterator[bytes], context: Context) -> Message:
        return await method(_parsed(requests, request_type), context)

    return call


def _parsing_stream(
    method: Callable[[AsyncIterator[Any], Context], AsyncIterator[Message]], request_type: type[Message]
) -> Callable[[AsyncIterator[bytes], Context], AsyncIterator[Message]]:
    # gRPC looks at the method itself: it has to be an async generator.
    async def call(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[Message]:
        async for response in method(_parsed(requests, request_type), context):
            yield response

    return call


async def _parsed(requests: AsyncIterator[bytes], request_type: type[Message]) -> AsyncIterator[Message]:
    async for data in requests:
        try:
            yield request_type.FromString(data)
        except DecodeError:
            raise _unparsable(request_type) from None


def _unparsable(request_type: type[Message]) -> InvalidArgument:
    problem = f"cannot be parsed as {request_type.DESCRIPTOR.full_name}; strings have to be UTF-8"
    return InvalidArgument("request", problem)


def _parsing(method: Method, request_type: type[Message], refuse: Refuse) -> Callable[[bytes, Context], Awaitable[Any]]:
    async def call(data: bytes, context: Context) -> Message | None:
        try:
            request = request_type.FromString(data)
        except DecodeError:
            await refuse(_unparsable(request_type), context)
            return None
        return await method(request, context)

    return call
