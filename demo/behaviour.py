"""What nobody outside Oveit knows for sure, as switches."""

from dataclasses import dataclass
from typing import Literal


@dataclass(kw_only=True, slots=True)
class Behaviour:
    """How the pretend Oveit behaves where the documentation leaves it open."""

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
