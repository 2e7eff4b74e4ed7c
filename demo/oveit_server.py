"""A pretend Oveit: the documented API over an invented venue."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
import json
import secrets
from typing import Any

from aiohttp import web

from demo.behaviour import Behaviour
from demo.control import control
from demo.endpoints import ENDPOINTS, LOGIN, Call, answer
from demo.faults import Fault, Faults
from demo.messages import language_of
from demo.replies import TOKEN_LIFE, Replies, TicketLists, to_json
from demo.venue import Clock, Venue, VenueAccount, VenueTicket

__all__ = (
    "Behaviour",
    "Clock",
    "Fault",
    "Faults",
    "OveitServer",
    "Received",
    "Venue",
    "VenueTicket",
)

NOTICED_WITHIN = 0.02
KEPT_REQUESTS = 100_000
LISTS = {"seller/events": "events", "events/tickets": "tickets", "events/attendees": "attendees"}
PATIENCE = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A request that was received."""

    endpoint: str
    params: dict[str, Any]
    headers: Mapping[str, str]
    at: datetime


class OveitServer:
    """Serves a venue on a loopback port."""

    def __init__(
        self,
        venue: Venue,
        *,
        behaviour: Behaviour | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.venue = venue
        self.behaviour = behaviour or Behaviour()
        self.faults = Faults()
        self.requests: list[Received] = []
        self.counts = Counter[str]()
        self.sent = Counter[str]()
        self.connections = 0
        self.port = 0
        if clock:
            venue.clock = clock
        self.sessions: dict[str, tuple[VenueAccount, datetime]] = {}
        for token, email in (
            (venue.token, "staff@venue.example"),
            (venue.other_token, "other@venue.example"),
        ):
            if email in venue.accounts:
                self.sessions[token] = (venue.accounts[email], venue.clock())
        self._lists = TicketLists()
        self._listener: asyncio.Server | None = None
        self._http: web.Server | None = None

    @property
    def open_connections(self) -> int:
        """Return the number of connections that are open."""
        return len(self._http.connections) if self._http else 0

    @property
    def url(self) -> str:
        """Return the API address for clients."""
        return f"http://127.0.0.1:{self.port}/api"

    async def start(self, port: int = 0) -> None:
        """Listen on a port; 0 takes any that is free."""
        self._http = web.Server(self._handle, access_log=None)
        self._listener = await asyncio.get_running_loop().create_server(
            self._accept, "127.0.0.1", port
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and close those that are open."""
        if not self._listener or not self._http:
            return
        self._listener.close()
        await self._http.shutdown(PATIENCE)
        self._listener.abort_clients()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._listener.wait_closed()
        self._listener = self._http = None

    async def hang_up(self) -> None:
        """Be offline until `pick_up`: close all connections, and wait until clients noticed it."""
        await self.stop()
        await asyncio.sleep(NOTICED_WITHIN)

    async def pick_up(self) -> None:
        """Listen again on the same port."""
        await self.start(self.port)

    def requests_to(self, endpoint: str) -> list[Received]:
        """Return the requests to one endpoint."""
        return [request for request in self.requests if request.endpoint == endpoint]

    def forget(self) -> None:
        """Forget the requests that were received."""
        self.requests.clear()

    def expire_tokens(self) -> None:
        """Make all tokens expire."""
        self.sessions.clear()

    def _accept(self) -> asyncio.Protocol:
        assert self._http
        self.connections += 1
        return self._http()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        area, _, name = request.path.removeprefix("/").partition("/")
        params = await read_params(request)
        if area == "control":
            status, payload = control(self, request.method, name, params | dict(request.query))
            return web.json_response(payload, status=status)
        if area != "api" or name not in {LOGIN, *ENDPOINTS}:
            return page(404)
        if request.method != "POST":
            return page(405)
        received = Received(
            endpoint=name, params=params, headers=request.headers, at=self.venue.clock()
        )
        del self.requests[: -KEPT_REQUESTS + 1]
        self.requests.append(received)
        self.counts[name] += 1
        return await self._respond(request, received, self.faults.take(name))

    async def _respond(
        self, request: web.BaseRequest, received: Received, fault: Fault
    ) -> web.StreamResponse:
        await asyncio.sleep(fault.latency_before)
        if fault.drop_before:
            return hang_up_on(request)
        response = web.Response()
        if fault.processed or not fault.has_answer:
            response = self._process(received, fault)
        await asyncio.sleep(fault.latency_after)
        if fault.drop_after:
            return hang_up_on(request)
        if fault.has_answer:
            response = wrong_answer(fault)
        self.sent[received.endpoint] += response.content_length or 0
        response.headers["Date"] = format_datetime(self.venue.clock(), usegmt=True)
        response.headers.update(fault.headers)
        if fault.endless:
            return await write_on_and_on(request)
        if fault.drop_midway:
            return await break_off(request, response)
        return response

    def _process(self, received: Received, fault: Fault) -> web.Response:
        replies = Replies(
            venue=self.venue,
            behaviour=self.behaviour,
            language=language_of(received.headers.get("Accept-Language", "")),
        )
        status, payload = 200, None
        if received.endpoint == LOGIN:
            status, payload = self._log_in(replies, received.params)
        elif account := self._account(received):
            payload = answer(
                Call(
                    endpoint=received.endpoint,
                    account=account,
                    params=received.params,
                    replies=replies,
                    lists=self._lists,
                )
            )
        else:
            status, payload = self._refuse_token(replies)
        body = payload if isinstance(payload, bytes) else to_json(payload).encode()
        if fault.empty_list:
            body = to_json({LISTS.get(received.endpoint, "data"): []}).encode()
        if fault.half_json:
            body = body[: len(body) // 2]
        response = self._pack(received, status, body)
        if status == 302:
            response.headers["Location"] = "/login"
        return response

    def _refuse_token(self, replies: Replies) -> tuple[int, dict[str, Any]]:
        shape = self.behaviour.dead_token
        status = {"redirect": 302, "error": 200}.get(shape) or int(shape)
        return status, {"error": replies.say("token_invalid")}

    def _pack(self, received: Received, status: int, body: bytes) -> web.Response:
        response = web.Response(status=status, body=body, content_type="application/json")
        if received.endpoint == "events/tickets" and "gzip" in received.headers.get(
            "Accept-Encoding", ""
        ):
            response.body = self._lists.gzip(str(received.params.get("id")), body)
            response.headers["Content-Encoding"] = "gzip"
        return response

    def _log_in(self, replies: Replies, params: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        account = self.venue.accounts.get(str(params.get("email")))
        if not account or account.password != params.get("password"):
            status = 403 if self.behaviour.bad_login == "403" else 200
            return status, {"error": replies.say("login_wrong")}
        token = secrets.token_hex(8)
        self.sessions[token] = (account, self.venue.clock())
        return 200, replies.login(account, token)

    def _account(self, received: Received) -> VenueAccount | None:
        scheme, _, bearer = received.headers.get("Authorization", "").partition(" ")
        token = bearer if scheme.lower() == "bearer" else str(received.params.get("token"))
        account, last_call = self.sessions.get(token, (None, received.at))
        if not account or self.venue.clock() - last_call >= TOKEN_LIFE:
            return None
        self.sessions[token] = (account, self.venue.clock())
        return account


async def read_params(request: web.BaseRequest) -> dict[str, Any]:
    """Return the parameters in a body of JSON or of a form, none if it is neither."""
    body = await request.read()
    if not body.lstrip().startswith((b"{", b"[")):
        return dict(await request.post())
    try:
        params = json.loads(body)
    except ValueError:
        return {}
    return params if isinstance(params, dict) else {}


def page(status: int) -> web.Response:
    """Return an HTML page as web servers do."""
    return web.Response(
        status=status,
        text=f"<!DOCTYPE html><html><body><h1>{status}</h1></body></html>",
        content_type="text/html",
    )


def wrong_answer(fault: Fault) -> web.Response:
    """Return the answer of a fault."""
    if fault.json is not ...:
        response = web.json_response(fault.json, status=fault.status or 200)
    elif fault.body is None:
        response = page(fault.status or 200)
    else:
        body = fault.body.encode() if isinstance(fault.body, str) else fault.body
        response = web.Response(
            status=fault.status or 200, body=body, content_type=fault.content_type
        )
    response.headers.update(fault.headers)
    return response


def hang_up_on(request: web.BaseRequest) -> web.Response:
    """Close the connection instead of answering."""
    if request.transport:
        request.transport.abort()
    return web.Response()


async def write_on_and_on(request: web.BaseRequest) -> web.StreamResponse:
    """Send blanks until the client has had enough."""
    response = web.StreamResponse()
    await response.prepare(request)
    with suppress(ConnectionError):
        while True:
            await response.write(b" " * 65536)
    return response


async def break_off(request: web.BaseRequest, whole: web.Response) -> web.StreamResponse:
    """Close the connection in the middle of the answer."""
    body = whole.body if isinstance(whole.body, bytes) else b""
    response = web.StreamResponse(status=whole.status, headers=whole.headers)
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport:
        request.transport.close()
    return response


if __name__ == "__main__":
    from demo.command_line import main

    main()
