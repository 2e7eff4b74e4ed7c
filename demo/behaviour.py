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
    dead_token: Literal["403", "401", "419", "redirect", "error"] = "403"
    dates: Literal["zone", "naive"] = "zone"
    date_form: Literal["iso", "no_colon", "z", "fraction"] = "iso"
    starts: Literal["date", "day_first", "epoch", "epoch_text", "rfc_1123", "zero"] = "date"
    lists: Literal["array", "numbered"] = "array"
    ids: Literal["int", "text"] = "int"
    old_replies: bool = False
    wallet: Literal["first_unused", "first", "error"] = "first_unused"
    scan_used: Literal["ok", "refused"] = "ok"
    ended_event: Literal["refused", "accepted"] = "refused"
    turnstile: bool = True
    scan_v2: bool = False
