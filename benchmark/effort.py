"""The extent of a measurement: all of it, or what fits into a minute."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """How often each thing is done; times are in seconds."""

    sizes: tuple[int, ...] = (1_000, 10_000, 100_000)
    growth_tickets: int = 10_000
    growth_events: tuple[int, ...] = (5, 20)
    growth_gates: tuple[int, ...] = (10, 50)
    refreshes: int = 5
    polls: int = 20
    most_decisions: int = 200
    between: float = 0.05
    most_arrivals: int = 3_000
    paced: int = 25
    idle: float = 10
    settle: float = 5
    quiet: float = 60
    patience: int = 50
    starts: bool = True
    long_list: int = 50
    desk_tickets: int = 100_000

    def decisions(self, tickets: int) -> int:
        """Return how many decisions are timed."""
        return min(self.most_decisions, tickets // 20)

    def arrivals(self, tickets: int) -> int:
        """Return how many guests arrive in an hour."""
        return min(self.most_arrivals, tickets * 3 // 10)


FULL = Effort()
QUICK = Effort(
    sizes=(1_000,),
    growth_events=(),
    growth_gates=(),
    refreshes=2,
    polls=4,
    most_decisions=30,
    between=0.01,
    paced=3,
    idle=1,
    settle=1,
    quiet=0,
    patience=5,
    starts=False,
    long_list=0,
    desk_tickets=10_000,
)
