"""Replies as documented, and how they are damaged."""

import json
from typing import Any, Final

from hypothesis import strategies as st

from demo.behaviour import Behaviour
from demo.replies import Replies, TicketLists
from demo.venue import Venue

_VENUE: Final = Venue.build(24)
_REPLIES: Final = Replies(venue=_VENUE, behaviour=Behaviour())
FRESH: Final = _VENUE.unused(100)[1]
_USED: Final = next(ticket for ticket in _VENUE.used(100) if ticket.rfid_codes)

DOCUMENTED: Final[dict[str, Any]] = {
    "events": _REPLIES.events(1),
    "list": {"tickets": json.loads(TicketLists().body(_REPLIES, 100))["tickets"][:6]},
    "answer": _REPLIES.ticket(_USED),
    "yes": _REPLIES.ticket(FRESH),
    "login": _REPLIES.login(_VENUE.accounts["staff@venue.example"], "f18bf1bf246affb8"),
}

ODD: Final = st.one_of(
    st.sampled_from(
        (None, True, False, 0, 1, -1, 2**63 - 1, 2**63, 10**400, 0.5, float("inf"), float("nan"))
    ),
    st.sampled_from(
        ("", " ", "\0", "\x00a", "\ud800", "true", "1", "0", "-1", "1e3", "٣", "x" * 300)
    ),
    st.sampled_from(("9999-12-31T23:59:59-14:00", "0001-01-01", "2016-08-10", "24:00", "1" * 5000)),
    st.sampled_from(([], {}, [[]], [{}], [None], {"id": None}, {"code": []}, {"": {}})),
    st.text(max_size=20),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=6,
    ),
)


@st.composite
def damaged(draw: st.DrawFn, kind: str) -> bytes:
    """Draw a documented reply with a few things changed, then perhaps cut or garbled."""
    reply = json.loads(json.dumps(DOCUMENTED[kind]))
    for _ in range(draw(st.integers(0, 3))):
        reply = _change(draw, reply)
    body = json.dumps(reply, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")
    return _garble(draw, body)


def _change(draw: st.DrawFn, value: Any) -> Any:
    """Change something somewhere inside a value."""
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(value)))
        if not draw(st.integers(0, 7)):
            return {name: each for name, each in value.items() if name != key}
        return value | {key: _change(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], _change(draw, value[place]), *value[place + 1 :]]
    return draw(ODD)


def _garble(draw: st.DrawFn, body: bytes) -> bytes:
    """Cut a body, or put something into it; most stay as they are."""
    match draw(st.integers(0, 9)):
        case 0:
            return body[: draw(st.integers(0, len(body)))]
        case 1:
            place = draw(st.integers(0, len(body)))
            return body[:place] + draw(st.binary(max_size=4)) + body[place:]
        case 2:
            return b"\xef\xbb\xbf" + body
        case 3:
            return b"[" * draw(st.sampled_from((100, 2000, 200_000))) + body
    return body
