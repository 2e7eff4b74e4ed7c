"""Decisions that somebody else than a reader asks for: guests at the doors go first."""

from collections.abc import Awaitable, Callable
from time import monotonic

from homeassistant.core import Context

from .coordinator import OveitCoordinator
from .core.codes import spellings
from .core.exceptions import LedgerError
from .core.ledger import Ledger
from .core.models import Decision, Reason, Request
from .core.pace import Turns
from .permissions import async_get_user, async_is_steward

UNKNOWN = (Reason.UNKNOWN_TAG, Reason.UNKNOWN_TICKET)


async def async_ask(
    coordinator: OveitCoordinator,
    context: Context | None,
    request: Request,
    decide: Callable[[float], Awaitable[Decision]],
    *,
    turns: Turns,
    refuses_nobody: bool = False,
) -> Decision:
    """Return what `decide` decides within the seconds that it is given, in its turn.

    A user who is no steward is slowed down with codes that nobody knows, except at a gate that
    refuses nobody. Raises TooManyError where there is no turn within half of the request's
    deadline, which leaves time to decide.
    """
    began = monotonic()
    until = began + request.deadline / 2
    user = await async_get_user(coordinator.hass, context)
    tried: object | None = None
    if user and not refuses_nobody and not async_is_steward(user, coordinator):
        async with turns.turn(until - monotonic()):
            is_known = await _is_known(coordinator.ledger.within(until), request)
        if not is_known:
            tried = await coordinator.unknown_codes.wait(user.id, until - monotonic())
    async with turns.turn(until - monotonic()):
        decision = await decide(request.deadline - (monotonic() - began))
    is_unknown = decision.overruled in UNKNOWN or decision.reason in UNKNOWN
    if user and tried and not is_unknown:
        coordinator.unknown_codes.take_back(user.id, tried)
    return decision


async def _is_known(ledger: Ledger, request: Request) -> bool:
    """Return whether a code is in a list here, or on a tag in any way to write it.

    A ledger that cannot be asked slows nobody down: whoever decides has an answer to that.
    """
    try:
        if request.rfid_code is None:
            return bool(await ledger.find(request.ticket_code or ""))
        written = spellings(request.rfid_code).values()
        tags = {request.rfid_code, *(tag for each in written for tag in each)}
        return any([await ledger.on_tag(tag) for tag in tags])
    except LedgerError:
        return True
