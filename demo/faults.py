"""Faults between a client and Oveit."""

from dataclasses import dataclass, field
from typing import Any, Final
import zlib

MEGABYTE = 1024 * 1024
CAPTIVE_PORTAL: Final = (
    "<!DOCTYPE html><html><head><title>Guest Wi-Fi</title></head>"
    '<body><form action="/login"><h1>Welcome! Please accept our terms.</h1></form></body></html>'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong.

    A fault with an answer of its own (`status`, `body`, `json`) keeps the request from being
    processed, unless `processed` is set. Latencies are in seconds.
    """

    latency_before: float = 0
    latency_after: float = 0
    drop_before: bool = False
    drop_after: bool = False
    drop_midway: bool = False
    half_json: bool = False
    endless: bool = False
    empty_list: bool = False
    status: int | None = None
    body: str | bytes | None = None
    json: Any = ...
    content_type: str = "text/html"
    headers: dict[str, str] = field(default_factory=dict)
    processed: bool = False

    @property
    def has_answer(self) -> bool:
        """Return whether the fault is answered in Oveit's place."""
        return self.status is not None or self.body is not None or self.json is not ...


def bomb(megabytes: int, head: bytes = b"") -> Fault:
    """Return a fault whose small answer unpacks to so many megabytes of zeros."""
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(head)
    packed += b"".join(packer.compress(bytes(MEGABYTE)) for _ in range(megabytes)) + packer.flush()
    headers = {"Content-Encoding": "gzip"}
    return Fault(body=packed, content_type="application/json", headers=headers)


PRESETS: Final[dict[str, Fault]] = {
    "slow": Fault(latency_before=10),
    "slow_answer": Fault(latency_after=10),
    "drop_before": Fault(drop_before=True),
    "drop_after": Fault(drop_after=True),
    "drop_midway": Fault(drop_midway=True),
    "endless": Fault(endless=True),
    "unauthorized": Fault(status=401),
    "forbidden": Fault(status=403),
    "page_expired": Fault(status=419),
    "login_page": Fault(status=302, headers={"Location": "/login"}),
    "too_many_requests": Fault(status=429, headers={"Retry-After": "30"}),
    "server_error": Fault(status=500),
    "unavailable": Fault(status=503),
    "captive_portal": Fault(body=CAPTIVE_PORTAL),
    "half_json": Fault(half_json=True),
    "empty_body": Fault(body=""),
    "empty_list": Fault(empty_list=True),
    "error": Fault(json={"error": "Something went wrong"}),
    "json_list": Fault(json=[]),
    "json_number": Fault(json=7),
    "json_null": Fault(json=None),
    "json_text": Fault(json="ok"),
    "wrong_tickets": Fault(json={"tickets": {}, "ticket": [], "events": 7, "ok": "maybe"}),
    "wrong_rows": Fault(json={"tickets": [None, 7, "x", {}], "events": [None, {"id": None}]}),
}


@dataclass(slots=True)
class Faults:
    """The faults of the endpoints; "*" stands for all endpoints without one of their own."""

    now: dict[str, tuple[Fault, int | None]] = field(default_factory=dict)

    def set(self, endpoint: str, fault: Fault | str, times: int | None = None) -> None:
        """Set a fault from now on, or for so many requests; a text is the name of a preset."""
        self.now[endpoint] = (PRESETS[fault] if isinstance(fault, str) else fault, times)

    def clear(self, endpoint: str | None = None) -> None:
        """Clear the faults of all endpoints, or of one."""
        if endpoint is None:
            self.now.clear()
        else:
            self.now.pop(endpoint, None)

    def take(self, endpoint: str) -> Fault:
        """Return the fault of this request, and count it."""
        key = endpoint if endpoint in self.now else "*"
        fault, times = self.now.get(key, (Fault(), None))
        if times is not None:
            self.now[key] = (fault, times - 1)
            if times <= 1:
                del self.now[key]
        return fault
