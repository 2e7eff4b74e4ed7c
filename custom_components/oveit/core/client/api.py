"""Client of Oveit's web API: one method for each endpoint that is used."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

import aiohttp
from yarl import URL

from ..dates import read_date
from ..exceptions import (
    OveitAuthenticationError,
    OveitCaptivePortalError,
    OveitConnectionError,
    OveitError,
    OveitOnlyErrorsError,
    OveitResponseError,
    OveitServerError,
    OveitStatusError,
    OveitTlsError,
    OveitTooLongError,
)
from ..models import Account, Answer, Event, TagAnswer
from ..single_flight import SingleFlight
from .circuit_breaker import LATE_AFTER, CircuitBreaker
from .replies import (
    Json,
    as_list,
    parse,
    read_account,
    read_answer,
    read_error,
    read_event,
    read_tag_answer,
)
from .ticket_list import most_bytes

LANGUAGES = ("en", "de", "es", "fr", "ja", "nl")

_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)
_LIST_TIMEOUT = aiohttp.ClientTimeout(total=120, sock_connect=10)
_MAX_REPLY = 2 * 1024 * 1024
_PARSED_AT_ONCE = 64 * 1024
_LOGIN_INTERVAL = 300.0
_HEALTH_INTERVAL = 5.0
_SAME_CLOCK = timedelta(seconds=60)
_MOST_CLOCKS = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EVENTS = "seller/events"
_BRIEF = ("turnstile/checkin", "turnstile/checkout", "rfid/pair")
_MARKING = ("tickets/checkin", *_BRIEF)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Limits:
    """How long a reply may take and be; one that is `packed` is left as it was sent."""

    timeout: aiohttp.ClientTimeout = _TIMEOUT
    most: int = _MAX_REPLY
    packed: bool = False


_LIMITS = _Limits()


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
        self.logins = 0
        self._was_accepted = False
        self._health = SingleFlight(self._check_health)
        self._checked_at: float | None = None
        self._failure: OveitError | None = None
        self._monotonic_offset: timedelta | None = None
        self._restored_skew = timedelta()
        self.dates_ahead: timedelta | None = None
        self._seen_ahead = {timedelta()}

    def now(self) -> datetime:
        """Return the time by the clock of the dates in Oveit's data, in UTC (decisions.md C7, T18).

        It is kept by the monotonic clock, so setting this machine's clock changes nothing. Before
        the first reply with a date, it is this machine's time plus the restored skew.
        """
        return self._time_in_headers() + (self.dates_ahead or timedelta())

    def _time_in_headers(self) -> datetime:
        """Return the time by Oveit's `Date` header."""
        if self._monotonic_offset is None:
            return datetime.now(UTC) + self._restored_skew
        return _EPOCH + timedelta(seconds=monotonic()) + self._monotonic_offset

    def restore_clocks(self, skew: timedelta, dates_ahead: timedelta | None) -> None:
        """Set how far Oveit's clocks were ahead of this machine's and of each other."""
        self._restored_skew = skew
        self.dates_ahead = dates_ahead
        self._seen_ahead.add(dates_ahead or timedelta())

    def learn_date(self, at: datetime) -> None:
        """Note how Oveit dates what has just happened (decisions.md T18)."""
        ahead, known = at - self._time_in_headers(), self.dates_ahead or timedelta()
        self.dates_ahead = known if abs(ahead - known) <= _SAME_CLOCK else ahead
        is_new = all(abs(ahead - seen) > _SAME_CLOCK for seen in self._seen_ahead)
        if is_new and len(self._seen_ahead) < _MOST_CLOCKS:
            self._seen_ahead.add(ahead)

    @property
    def date_shifts(self) -> frozenset[timedelta]:
        """Return how far a date may be from the time noted here, by all offsets that were seen."""
        return frozenset(one - other for one in self._seen_ahead for other in self._seen_ahead)

    @property
    def knows_time(self) -> bool:
        """Return whether a reply since the start had a date."""
        return self._monotonic_offset is not None

    @property
    def skew(self) -> timedelta:
        """Return how far Oveit's `Date` header is ahead of this machine's clock."""
        return self._time_in_headers() - datetime.now(UTC)

    async def close(self) -> None:
        """Stop the circuit breaker's probes and a login that is under way."""
        await self._health.close()
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
        self.logins += 1
        self.account = read_account(reply.get("user"))
        return self.account

    async def events(self) -> tuple[Event, ...]:
        """Return the account's active events; raise OveitOnlyErrorsError with Oveit's words."""
        with self.breaker.recording():
            token = self._token
            try:
                return await self._list_events()
            except OveitOnlyErrorsError:
                if token is None or not await self._is_renewed(token):
                    raise
            return await self._list_events()

    async def _list_events(self) -> tuple[Event, ...]:
        """List the events, once."""
        return await _off_the_loop(_read_events, await self._call(_EVENTS, {}))

    async def check_health(self) -> OveitError | None:
        """Return why the events cannot be listed, None if they can (decisions.md B17).

        All who ask within five seconds get one answer.
        """
        is_old = self._checked_at is None or monotonic() - self._checked_at >= _HEALTH_INTERVAL
        if is_old or self._health.is_running:
            await self._health.join()
        return self._failure

    async def _check_health(self) -> None:
        """List the events."""
        self._checked_at, self._failure = monotonic(), None
        try:
            await self.events()
        except OveitError as err:
            self._failure = err

    async def tickets(self, event_id: int, most: int | None = None) -> bytes:
        """Return the body of the reply with an event's ticket list, perhaps gzip-compressed.

        One of more than `most` bytes raises OveitTooLongError (decisions.md T20).
        """
        with self.breaker.recording(None):
            limits = _Limits(timeout=_LIST_TIMEOUT, most=most or most_bytes(0), packed=True)
            return await self._call("events/tickets", {"id": str(event_id)}, limits)

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
        return await _off_the_loop(lambda body: read_tag_answer(parse(body)), body)

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
            body = await self._call(endpoint, params)
            asked_at = self.now() - timedelta(seconds=monotonic() - started)
            is_brief = endpoint in _BRIEF
            return await _off_the_loop(
                lambda body: read_answer(parse(body), asked_at, brief=is_brief), body
            )

    async def _call(self, endpoint: str, params: Json, limits: _Limits = _LIMITS) -> bytes:
        """Make a request; if the token is refused, log in and repeat it once (decisions.md T7)."""
        if self._token is None:
            await self._renew(None)
        token = self._token
        try:
            body = await self._request(endpoint, params, limits)
        except OveitAuthenticationError:
            await self._renew(token)
            return await self._request(endpoint, params, limits)
        except OveitStatusError as err:
            is_dead = err.tells_of_token or (endpoint == _EVENTS and self._was_accepted)
            if endpoint in _MARKING or not is_dead:
                raise
            return await self._retry_with_new_token(token, endpoint, params, limits)
        self._was_accepted = True
        return body

    async def _retry_with_new_token(
        self, token: str | None, endpoint: str, params: Json, limits: _Limits
    ) -> bytes:
        """Log in and repeat a request whose status may stand for a dead token (T16)."""
        try:
            await self._renew(token)
            return await self._request(endpoint, params, limits)
        except OveitStatusError as err:
            raise OveitAuthenticationError("Oveit refuses every request") from err

    async def _is_renewed(self, token: str) -> bool:
        """Return whether a token that Oveit refuses in words was replaced by a login."""
        try:
            await self._renew(token)
        except OveitError:
            return False
        return True

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
        except OveitAuthenticationError, OveitStatusError:
            self._renewed_at = monotonic()
            raise
        if not is_first:
            self._renewed_at = monotonic()

    async def _request(self, endpoint: str, params: Json, limits: _Limits = _LIMITS) -> bytes:
        """Post a form and return the body of the reply, which has status 200."""
        headers = {"Accept": "application/json", "Accept-Language": self._language}
        if self._token is not None and endpoint != "seller/login":
            headers["Authorization"] = f"Bearer {self._token}"
        if limits.packed:
            headers["Accept-Encoding"] = "gzip"
        form = {key: str(value) for key, value in params.items() if value is not None}
        async with (
            _connection_errors(),
            self._session.post(
                f"{self._api_url}/{endpoint}",
                data=form,
                headers=headers,
                timeout=limits.timeout,
                allow_redirects=False,
                auto_decompress=not limits.packed,
            ) as response,
        ):
            if response.status in (401, 403):
                raise OveitAuthenticationError("Oveit does not accept the token")
            if response.status >= 500:
                raise OveitServerError(f"Oveit answered with status {response.status}")
            if response.status == 429:
                raise OveitConnectionError("Oveit asks for fewer requests")
            is_redirection = 300 <= response.status < 400
            if is_redirection and _leads_elsewhere(response):
                raise OveitCaptivePortalError("A redirection answered in Oveit's place")
            if response.status != 200:
                raise OveitStatusError(
                    f"Oveit answered with status {response.status}",
                    tells_of_token=is_redirection or response.status == 419,
                )
            self._set_clock(response.headers.get("Date"))
            return await _read(response, limits.most)

    def _set_clock(self, date: str | None) -> None:
        """Set Oveit's time from a reply's `Date` header, if it can be read (decisions.md T19)."""
        at, _ = read_date(date, any_form=True)
        if at is not None:
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


def _read_events(body: bytes) -> tuple[Event, ...]:
    """Return the events in a reply."""
    reply = parse(body)
    listed = as_list(reply.get("events"))
    if listed is None:
        if error := read_error(reply):
            raise OveitOnlyErrorsError(error)
        raise OveitResponseError("The reply holds no events")
    events = tuple(event for item in listed if (event := read_event(item)))
    if listed and not events:
        raise OveitResponseError("The reply holds nothing that is an event")
    return events


def _leads_elsewhere(response: aiohttp.ClientResponse) -> bool:
    """Return whether a redirection leads to another domain than that of its request."""
    try:
        target = response.url.join(URL(response.headers["Location"]))
    except KeyError, ValueError:
        return True
    if target.origin() == response.url.origin():
        return False
    domain = ".".join((response.url.host or "").split(".")[-2:])
    is_name = not domain.replace(".", "").isdigit() and "." in domain
    return not (is_name and f".{target.host}".endswith(f".{domain}"))


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Return the body of a reply of no more than so many bytes."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk
        if len(body) > most:
            raise OveitTooLongError("Oveit's reply is too long")
    return bytes(body)


async def _off_the_loop[T](read: Callable[[bytes], T], body: bytes) -> T:
    """Read a reply, in a thread if it is so long that guests would notice (T20)."""
    if len(body) <= _PARSED_AT_ONCE:
        return read(body)
    return await asyncio.to_thread(read, body)
