"""Guests arrive at a Home Assistant, and what it decides is written down."""

from dataclasses import dataclass
from time import monotonic
from typing import Any

from demo.guests import Guest
from demo.home_assistant import HomeAssistant, HomeAssistantError

COLUMNS = "{:>2}  {:<9} {:<11} {:<10} {:<19} {:<19} {:<9} {:<7} {:>5}"
HEAD = COLUMNS.format("#", "guest", "presents", "at", "expected", "got", "admitted", "by", "ms")
ADMITTED = ("checked_in", "repeat")


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A guest, and what was decided."""

    guest: Guest
    reason: str
    admitted: bool
    source: str
    milliseconds: float

    @property
    def right(self) -> bool:
        """Tell whether the decision is the one that was due."""
        due = self.guest.expected
        return self.reason == due and self.admitted == (due in ADMITTED)

    @property
    def is_welcome(self) -> bool:
        """Tell whether this guest is to be found at Oveit afterwards."""
        return self.guest.expected == "checked_in"

    def row(self, number: int) -> str:
        """Return a line of the table."""
        line = COLUMNS.format(
            number,
            self.guest.name,
            self.guest.presents,
            self.guest.gate,
            self.guest.expected,
            self.reason,
            "yes" if self.admitted else "no",
            self.source,
            f"{self.milliseconds:.0f}",
        )
        return line if self.right else f"{line}  WRONG"


async def arrive(home: HomeAssistant, guest: Guest) -> Arrival:
    """Let a guest walk up to a door."""
    start = monotonic()
    try:
        decision: dict[str, Any] = await home.check_in(guest.fields)
    except HomeAssistantError as error:
        decision = {"admitted": False, "reason": f"error: {error}", "source": "nobody"}
    return Arrival(
        guest=guest,
        reason=decision["reason"],
        admitted=decision["admitted"],
        source=decision["source"],
        milliseconds=(monotonic() - start) * 1000,
    )
