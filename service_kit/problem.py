"""Errors over HTTP: RFC 9457 ``application/problem+json``, never an HTML page or a traceback."""

from __future__ import annotations

import http
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import structlog
from tornado import web

CONTENT_TYPE = "application/problem+json"
DEFAULT_HEADERS = {"X-Content-Type-Options": "nosniff"}
"""Of every answer, whatever it is."""
_METHODS = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")


class Problem(Exception):
    """An answer other than success.

    ``detail`` says what is wrong in this request and names the field or parameter; ``title`` defaults to the status's
    own phrase; ``headers`` go with the answer (``Retry-After``, ``WWW-Authenticate``, ``Allow``).
    """

    def __init__(
        self, status: int, detail: str, *, title: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.title = title or phrase(status)
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """The problem document, UTF-8 JSON."""
        document = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        # `detail` can quote the request, and JSON in a request can spell a lone surrogate, which has no UTF-8.
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def phrase(status: int) -> str:
    """The standard phrase of a status, e.g. ``Not Found``."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"


class ProblemHandler(web.RequestHandler):
    """A Tornado handler whose every error is a problem document.

    A method that the subclass does not define is 405 with ``Allow``.
    """

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.put_headers(DEFAULT_HEADERS)

    def put_headers(self, headers: Mapping[str, str]) -> None:
        """Each in place of what it was."""
        for name, value in headers.items():
            self.set_header(name, value)

    def allowed_methods(self) -> list[str]:
        """The methods that the subclass defines, for ``Allow``."""
        return [m for m in _METHODS if getattr(type(self), m.lower()) is not ProblemHandler._refuse_method]

    def _refuse_method(self, *_: str, **__: str) -> NoReturn:
        raise self._method_problem()

    def _method_problem(self) -> Problem:
        allow = ", ".join(self.allowed_methods())
        return Problem(405, f"{self.request.method} is not possible here; {allow} is", headers={"Allow": allow})

    if not TYPE_CHECKING:  # a type checker would hold subclasses to this signature
        get = head = post = delete = patch = put = options = _refuse_method

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        if not isinstance(value, Problem | web.HTTPError):
            structlog.get_logger().error("http_handler_failed", path=self.request.path, exc_info=(typ, value, tb))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        self.answer_problem(self.problem_of(status_code, error))

    def problem_of(self, status: int, error: BaseException | None) -> Problem:
        """What is told of ``error``, which ended this request with ``status``."""
        if status == 405 and not isinstance(error, Problem):  # a method that HTTP does not know
            return self._method_problem()
        return problem_for(status, error)

    def answer_problem(self, problem: Problem) -> None:
        """Answers with ``problem`` and finishes the request."""
        self.set_status(problem.status, problem.title)
        self.set_header("Content-Type", CONTENT_TYPE)
        self.set_header("Cache-Control", "no-store")
        self.put_headers(problem.headers)
        self.finish(problem.body())


class NotFoundHandler(ProblemHandler):
    """Every path that no other handler has."""

    def prepare(self) -> None:
        raise Problem(404, "no such path")


def problem_for(status: int, error: BaseException | None) -> Problem:
    """What is told of ``error``, which ended a request with ``status``."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, web.MissingArgumentError):
        return Problem(400, f"{error.arg_name} is missing")
    if isinstance(error, web.HTTPError) and status < 500:
        return Problem(status, error.log_message or phrase(status))
    return Problem(status if status >= 500 else 500, "something went wrong on this side; it is logged")
