"""Rehearsal: a gate decides and shows all as always, and marks nothing."""

from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

LASTS = timedelta(hours=1)


class Rehearsal:
    """Whether a gate rehearses; it ends by itself."""

    def __init__(self) -> None:
        """Begin in earnest."""
        self.until: datetime | None = None

    @property
    def is_on(self) -> bool:
        """Tell whether nothing is to be marked."""
        return self.until is not None and dt_util.utcnow() < self.until

    def start(self, until: datetime | None = None) -> None:
        """Rehearse for an hour, or until a time before that."""
        latest = dt_util.utcnow() + LASTS
        self.until = min(until, latest) if until else latest

    def stop(self) -> None:
        """Go on in earnest."""
        self.until = None
