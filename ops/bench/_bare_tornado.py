"""A bare Tornado handler that checks a token and answers JSON: what a post over HTTP is compared with.

``python -m ops.bench._bare_tornado PORT`` with the secret in ``BENCH_SECRET``. ``POST /checked`` has PyJWT verify the
token each time, ``POST /remembered`` remembers it as the comment service does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import jwt
from tornado import httpserver, web

from service_kit.auth.keys import OneKey
from service_kit.auth.tokens import TokenVerifier

KEY_VARIABLE = "BENCH_SECRET"


class _Handler(web.RequestHandler):
    def answer(self, name: str) -> None:
        document = json.loads(self.request.body)
        self.set_status(201)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"authorName": name, "content": document["content"]}))

    @property
    def token(self) -> str:
        return self.request.headers["Authorization"].removeprefix("Bearer ")


class Checked(_Handler):
    def initialize(self, secret: str) -> None:
        self.secret = secret

    def post(self) -> None:
        claims = jwt.decode(self.token, self.secret, algorithms=["HS256"], options={"verify_aud": False})
        self.answer(claims["sub"])


class Remembered(_Handler):
    def initialize(self, verifier: TokenVerifier) -> None:
        self.verifier = verifier

    def post(self) -> None:
        self.answer(self.verifier.verify(self.token).name)


async def _main(port: int, secret: str) -> None:
    verifier = TokenVerifier(OneKey.from_secret(secret))
    rules: list[Any] = [("/checked", Checked, {"secret": secret}), ("/remembered", Remembered, {"verifier": verifier})]
    app = web.Application(rules, log_function=lambda handler: None)
    httpserver.HTTPServer(app).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), os.environ[KEY_VARIABLE]))
