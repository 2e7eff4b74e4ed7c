"""Client of Oveit's web API: one method for each endpoint that is used."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic

import aiohttp

from ..exceptions import (
    OveitAuthenticationError,
    OveitCaptivePortalError,
    OveitConnectionError,
    OveitResponseError,
    OveitServerError,
    OveitTlsError,
)
from ..models import Account, Answer, Event, TagAnswer
from ..single_flight import SingleFlight
from .circuit_breaker import LATE_AFTER, CircuitBreaker
from .replies import Json, parse, read_account, read_answer, read_event, read_tag_answer

LANGUAGES = ("en", "de", "es", "fr", "ja", "nl")

_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)
_LIST_TIMEOUT = aiohttp.ClientTimeout(total=120, sock_connect=10)
_MAX_REPLY = 4 * 1024 * 1024
_LOGIN_INTERVAL = 300.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BRIEF = ("turnstile/checkin", "turnstile/checkout", "rfid/pair")


class OveitClient:
    """Client of one Oveit account.

    Every request raises OveitConnectionError when Oveit cannot be reached, OveitAuthenticationError
    when it does not accept the credentials, OveitResponseError when a reply cannot be understood.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api_url: str,
        *,
        token: str | None = None,
        email: str | None = None,
        password: str | None = None,
        language: str = "en",
        breaker: CircuitBreaker | None = None,
    ) -> None:
        """Create a client with a token or a login; `language` is that of Oveit's sentences."""
        self.breaker = breaker or CircuitBreaker()
        self._session = session
        self._api_url = api_url.rstrip("/")
        self.account: Account | None = None
        self._token = token
        self._login = {"email": email, "password": password} if email and password else None
        self._language = language if language in LANGUAGES else "en"
        self._renewal = SingleFlight(self._log_in_again)
        self._renewed_at: float | None = None
        self._monotonic_offset: timedelta | None = None
        self._restored_skew = timedelta()

    def now(self) -> datetime:
        """Return the time by Oveit's clock, in UTC (decisions.md C7).

        It is kept by the monotonic clock, so setting this machine's clock changes nothing. Before
        the first reply with a date, it is this machine's time plus the restored skew.
        """
        if self._monotonic_offset is None:
            return datetime.now(UTC) + self._restored_skew
        return _EPOCH + timedelta(seconds=monotonic()) + self._monotonic_offset

    def restore_skew(self, skew: timedelta) -> None:
        """Set how far Oveit's clock was ahead of this machine's before a restart."""
        self._restored_skew = skew

    @property
    def knows_time(self) -> bool:
        """Return whether a reply since the start had a date."""
        return self._monotonic_offset is not None

    @property
    def skew(self) -> timedelta:
        """Return how far Oveit's clock is ahead of this machine's."""
        return self.now() - datetime.now(UTC)

    async def close(self) -> None:
        """Stop the circuit breaker's probes and a login that is under way."""
        await self._renewal.close()
        await self.breaker.close()

    async def login(self) -> Account:
        """Log in and use the new token for further requests."""
        if self._login is None:
            raise OveitAuthenticationError("The token is not valid, and there is no password")
        reply = parse(await self._request("seller/login", self._login))
        if reply.get("error"):
            raise OveitAuthenticationError("The login was refused")
        token = reply.get("token")
        if not isinstance(token, str) or not token:
            raise OveitResponseError("The login was answered without a token")
        self._token = token
        self.account = read_account(reply.get("user"))
        return self.account

    async def events(self) -> tuple[Event, ...]:
        """Return the account's active events."""
        with self.breaker.recording():
            listed = parse(await self._call("seller/events", {})).get("events")
            if not isinstance(listed, list):
                raise OveitResponseError("The reply holds no events")
            events = tuple(event for item in listed if (event := read_event(item)))
            if listed and not events:
                raise OveitResponseError("The reply holds nothing that is an event")
        return events

    async def tickets(self, event_id: int) -> bytes:
        """Return the body of the reply with an event's ticket list, perhaps gzip-compressed."""
        with self.breaker.recording(None):
            return await self._call("events/tickets", {"id": str(event_id)}, _LIST_TIMEOUT)

    async def check_in(
        self,
        ticket_code: str,
        *,
        ticket_type_id: int | None = None,
        addon_id: int | None = None,
        late_after: float = LATE_AFTER,
    ) -> Answer:
        """Check a ticket in, or one use of its add-on.

        With `ticket_type_id`, Oveit refuses tickets of other types. A request that takes longer
        than `late_after` seconds counts as failed for the circuit breaker, here and below.
        """
        params = {
            "ticket_code": ticket_code,
            "ticket_type_id": ticket_type_id,
            "addon_id": addon_id,
        }
        return await self._ask("tickets/checkin", params, late_after)

    async def scan(
        self,
        *,
        ticket_code: str | None = None,
        rfid_code: str | None = None,
        late_after: float = LATE_AFTER,
    ) -> Answer:
        """Look a ticket up by its code or by a tag; nothing is checked in."""
        params = {"ticket_code": ticket_code, "rfid_code": rfid_code}
        return await self._ask("tickets/scan", params, late_after)

    async def scan_tag(self, rfid_code: str, *, late_after: float | None) -> TagAnswer:
        """Return the codes of all tickets on a tag; not every account has this (R16, R17).

        A reply that cannot be understood is no failure of Oveit; without `late_after`, neither is
        one that does not come in time.
        """
        body: bytes | OveitResponseError
        with nullcontext() if late_after is None else self.breaker.recording(late_after):
            try:
                body = await self._call("tickets/scan_v2", {"rfid_code": rfid_code})
            except OveitResponseError as err:
                body = err
        if isinstance(body, OveitResponseError):
            raise body
        return read_tag_answer(parse(body))

    async def enter_turnstile(self, ticket_code: str, *, late_after: float = LATE_AFTER) -> Answer:
        """Count an entry at a turnstile; the answer may name no ticket (decisions.md X7)."""
        return await self._ask("turnstile/checkin", {"ticket_code": ticket_code}, late_after)

    async def leave_turnstile(self, ticket_code: str, *, late_after: float = LATE_AFTER) -> Answer:
        """Count an exit at a turnstile; the answer may name no ticket."""
        return await self._ask("turnstile/checkout", {"ticket_code": ticket_code}, late_after)

    async def pair(self, ticket_code: str, rfid_code: str) -> Answer:
        """Pair a ticket with a tag; the answer may name no ticket."""
        params = {"ticket_code": ticket_code, "rfid_code": rfid_code}
        return await self._ask("rfid/pair", params, LATE_AFTER)

    async def _ask(self, endpoint: str, params: Json, late_after: float) -> Answer:
        """Make a request about one ticket, and note when it was made by Oveit's clock."""
        with self.breaker.recording(late_after):
            started = monotonic()
            reply = parse(await self._call(endpoint, params))
            asked_at = self.now() - timedelta(seconds=monotonic() - started)
            return read_answer(reply, asked_at, brief=endpoint in _BRIEF)

    async def _call(
        self, endpoint: str, params: Json, timeout: aiohttp.ClientTimeout = _TIMEOUT
    ) -> bytes:
        """Make a request; if the token is refused, log in and repeat it once (decisions.md T7)."""
        if self._token is None:
            await self._renew(None)
        token = self._token
        try:
            return await self._request(endpoint, params, timeout)
        except OveitAuthenticationError:
            await self._renew(token)
            return await self._request(endpoint, params, timeout)

    async def _renew(self, token: str | None) -> None:
        """Replace this token, unless another caller has replaced it already."""
        if self._token == token:
            await self._renewal.join()

    async def _log_in_again(self) -> None:
        """Log in, but not within five minutes of a login that did not help (decisions.md T8)."""
        if self._renewed_at is not None and monotonic() - self._renewed_at < _LOGIN_INTERVAL:
            raise OveitAuthenticationError("The token is not valid, and was renewed just now")
        is_first = self._token is None
        try:
            await self.login()
        except OveitAuthenticationError:
            self._renewed_at = monotonic()
            raise
        if not is_first:
            self._renewed_at = monotonic()

    async def _request(
        self, endpoint: str, params: Json, timeout: aiohttp.ClientTimeout = _TIMEOUT
    ) -> bytes:
        """Post a form and return the body of the reply, which has status 200."""
        headers = {"Accept": "application/json", "Accept-Language": self._language}
        if self._token is not None and endpoint != "seller/login":
            headers["Authorization"] = f"Bearer {self._token}"
        is_list = timeout is _LIST_TIMEOUT
        if is_list:
            headers["Accept-Encoding"] = "gzip"
        form = {key: str(value) for key, value in params.items() if value is not None}
        async with (
            _connection_errors(),
            self._session.post(
                f"{self._api_url}/{endpoint}",
                data=form,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
                auto_decompress=not is_list,
            ) as response,
        ):
            if response.status == 403:
                raise OveitAuthenticationError("Oveit does not accept the token")
            if response.status >= 500:
                raise OveitServerError(f"Oveit answered with status {response.status}")
            if response.status == 429:
                raise OveitConnectionError("Oveit asks for fewer requests")
            if 300 <= response.status < 400:
                raise OveitCaptivePortalError("A redirection answered in Oveit's place")
            if response.status != 200:
                raise OveitResponseError(f"Oveit answered with status {response.status}")
            self._set_clock(response.headers.get("Date"))
            return await _read(response, timeout)

    def _set_clock(self, date: str | None) -> None:
        """Set Oveit's time from a reply's `Date` header, if it can be read."""
        try:
            at = parsedate_to_datetime(date or "")
        except ValueError:
            return
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        self._monotonic_offset = at - _EPOCH - timedelta(seconds=monotonic())


@asynccontextmanager
async def _connection_errors() -> AsyncIterator[None]:
    """Map errors of the connection to OveitConnectionError, with whether anything was sent."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as err:
        # Only the kind of an error is named: its text may hold a code or a token.
        message = f"The connection to Oveit failed: {type(err).__name__}"
        if isinstance(err, aiohttp.ClientSSLError):
            raise OveitTlsError(message, sent=False) from err
        not_sent = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
        raise OveitConnectionError(message, sent=not isinstance(err, not_sent)) from err


async def _read(response: aiohttp.ClientResponse, timeout: aiohttp.ClientTimeout) -> bytes:
    """Return the body of a reply; only a ticket list may be longer than 4 MB."""
    if timeout is _LIST_TIMEOUT:
        return await response.read()
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk
        if len(body) > _MAX_REPLY:
            raise OveitResponseError("Oveit's reply is too long")
    return bytes(body)
