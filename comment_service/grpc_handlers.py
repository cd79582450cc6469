"""Unary methods that parse their own requests.

gRPC for Python answers a request that it cannot parse (a string of wrong UTF-8, bytes of another message) with UNKNOWN,
and logs a traceback: any client could fill the log. Here it is a wrong argument like any other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from comment_service.refusal import InvalidArgument, Refusal

Context = grpc.aio.ServicerContext[Any, Any]
Method = Callable[[Any, Context], Awaitable[Message]]
Refuse = Callable[[Refusal, Context], Awaitable[None]]


def unary_handlers(service: ServiceDescriptor, servicer: object, refuse: Refuse) -> grpc.GenericRpcHandler[Any, Any]:
    """What serves each method of ``service`` by the method of ``servicer`` that has its name.

    A request that cannot be parsed goes to ``refuse``, which ends the call.
    """
    handlers = {
        method.name: grpc.unary_unary_rpc_method_handler(
            _parsing(getattr(servicer, method.name), GetMessageClass(method.input_type), refuse),
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )
        for method in service.methods
    }
    handler: grpc.GenericRpcHandler[Any, Any] = grpc.method_handlers_generic_handler(service.full_name, handlers)
    return handler


def _parsing(method: Method, request_type: type[Message], refuse: Refuse) -> Callable[[bytes, Context], Awaitable[Any]]:
    async def call(data: bytes, context: Context) -> Message | None:
        try:
            request = request_type.FromString(data)
        except DecodeError:
            problem = f"cannot be parsed as {request_type.DESCRIPTOR.full_name}; strings have to be UTF-8"
            await refuse(InvalidArgument("request", problem), context)
            return None
        return await method(request, context)

    return call
