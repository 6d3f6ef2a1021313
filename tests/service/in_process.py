"""Asks the service within this process: a request goes in as a server would hand it over."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

import anyio

from loops import in_own_loop


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problems(self) -> list[dict[str, Any]]:
        assert self.headers["content-type"] == "application/problem+json"
        said = self.json()
        assert said["status"] == self.status
        return said["problems"]


class Client:
    """Asks an application, with headers that go with every request."""

    def __init__(
        self,
        app: Any,
        headers: Mapping[str, str] | None = None,
        *,
        root_path: str = "",
        client: str = "127.0.0.1",
    ) -> None:
        self.app = app
        self.headers = dict(headers or {})
        self.root_path = root_path
        self.client = client

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        body: bytes | Iterable[bytes] = b"",
        headers: Iterable[tuple[str, str]] | Mapping[str, str] = (),
        *,
        host: bool = True,
    ) -> Answer:
        path, _, own = path.partition("?")
        text = own or urlencode(query or {}, doseq=True)
        given = list(headers.items() if isinstance(headers, Mapping) else headers)
        usual = [("Host", "127.0.0.1:8060")] if host else []
        all_headers = [*usual, *self.headers.items(), *given]
        if json is not None:
            body = dumps(json)
            all_headers.append(("Content-Type", "application/json"))
        if isinstance(body, bytes):
            parts = [body]
            if body:
                all_headers.append(("Content-Length", str(len(body))))
        else:
            parts = body
            all_headers.append(("Transfer-Encoding", "chunked"))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": self.root_path + unquote(path),
            "raw_path": (self.root_path + path).encode(),
            "root_path": self.root_path,
            "query_string": text.encode(),
            "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in all_headers],
            "client": (self.client, 50000),
            "server": ("127.0.0.1", 8060),
        }
        return in_own_loop(self._serve(scope, iter(parts)))

    async def _serve(self, scope: dict[str, Any], parts: Iterator[bytes]) -> Answer:
        sent, over, read = [], anyio.Event(), False

        async def receive() -> dict[str, Any]:
            nonlocal read
            if read:
                await over.wait()
                return {"type": "http.disconnect"}
            part = next(parts, None)
            read = part is None
            return {"type": "http.request", "body": part or b"", "more_body": not read}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                over.set()

        await self.app(scope, receive, send)
        start = sent[0]
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in start["headers"]}
        return Answer(start["status"], headers, b"".join(m.get("body", b"") for m in sent[1:]))

    def get(self, path: str, query: Mapping[str, Any] | None = None, **more: Any) -> Answer:
        return self.ask("GET", path, query, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> Answer:
        return self.ask("POST", path, json=json, **more)


def dumps(content: Any) -> bytes:
    return json.dumps(content).encode()
