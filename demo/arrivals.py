"""Guests who arrive at the gates, and the decisions that Home Assistant makes."""

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import Any

from demo.gates import WAY_OUT, openings
from demo.guests import Guest
from demo.home_assistant import HomeAssistant, HomeAssistantError

ROW = "{:>2}  {:<9} {:<11} {:<9} {:<18} {:<18} {:<8} {:<5} {:<6} {:>4}"
HEAD = ROW.format("#", "guest", "presents", "at", "expected", "got", "admitted", "door", "by", "ms")
ADMITTED = ("checked_in", "repeat", "left")
DOOR_TAKES = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A guest with the decision; `opened` is how often the door opened."""

    guest: Guest
    reason: str
    admitted: bool
    source: str
    milliseconds: float
    opened: int = 0

    @property
    def right(self) -> bool:
        """Return whether the decision and the door were as expected."""
        due = self.guest.expected
        decided = self.reason == due and self.admitted == (due in ADMITTED)
        return decided and self.opened == opens(self.guest)

    @property
    def is_welcome(self) -> bool:
        """Return whether this guest's ticket must be checked in at Oveit afterwards."""
        return self.guest.expected == "checked_in"

    def row(self, number: int) -> str:
        """Return the arrival as a line of the table."""
        line = ROW.format(
            number,
            self.guest.name,
            self.guest.presents,
            self.guest.gate,
            self.guest.expected,
            self.reason,
            "yes" if self.admitted else "no",
            "opens" if self.opened else "",
            self.source,
            f"{self.milliseconds:.0f}",
        )
        return line if self.right else f"{line}  WRONG"


async def arrive(home: HomeAssistant, guest: Guest) -> Arrival:
    """Let a guest arrive at a gate, and observe its door."""
    before = await openings(home, guest.gate)
    start = monotonic()
    try:
        decision: dict[str, Any] = await home.check_in(guest.fields)
    except HomeAssistantError as error:
        decision = {"admitted": False, "reason": f"error: {error}", "source": "nobody"}
    milliseconds = (monotonic() - start) * 1000
    until = monotonic() + DOOR_TAKES
    while (opened := await openings(home, guest.gate) - before) < opens(guest):
        if monotonic() > until:
            break
        await asyncio.sleep(0.02)
    return Arrival(
        guest=guest,
        reason=decision["reason"],
        admitted=decision["admitted"],
        source=decision["source"],
        milliseconds=milliseconds,
        opened=opened,
    )


def opens(guest: Guest) -> int:
    """Return how often a door should open for a guest."""
    return int(guest.expected == "checked_in" and guest.gate != WAY_OUT)
