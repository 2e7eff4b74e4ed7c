"""How Oveit may behave where its documentation leaves it open."""

from dataclasses import dataclass
from typing import Literal


@dataclass(kw_only=True, slots=True)
class Behaviour:
    """The behaviour of the pretend Oveit, one switch for each open question."""

    refusal: Literal["error", "ok_false", "bare", "ticket"] = "error"
    second_checkin: Literal["refused", "accepted"] = "refused"
    checkins_include_new: bool = True
    bad_login: Literal["error", "403"] = "error"
    attendee: Literal["form", "null"] = "form"
    dates: Literal["zone", "naive"] = "zone"
    ids: Literal["int", "text"] = "int"
    old_replies: bool = False
    wallet: Literal["first_unused", "first", "error"] = "first_unused"
    scan_used: Literal["ok", "refused"] = "ok"
    ended_event: Literal["refused", "accepted"] = "refused"
    turnstile: bool = True
    scan_v2: bool = False
