"""Decisions that somebody else than a reader asks for: guests at the doors go first."""

from collections.abc import Awaitable, Callable
from time import monotonic

from homeassistant.core import Context

from .coordinator import OveitCoordinator
from .core.codes import spellings
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
) -> Decision:
    """Return what `decide` decides within the seconds that it is given, in its turn.

    A user who is no steward is slowed down with codes that nobody knows. Raises TooManyError
    where there is no turn within half of the request's deadline, which leaves time to decide.
    """
    began, patience = monotonic(), request.deadline / 2
    user = await async_get_user(coordinator.hass, context)
    tried: object | None = None
    is_slowed = user is not None and not async_is_steward(user, coordinator)
    async with turns.turn(patience):
        if user and is_slowed and not await _is_known(coordinator, request):
            left = began + patience - monotonic()
            tried = await coordinator.unknown_codes.wait(user.id, left)
        decision = await decide(request.deadline - (monotonic() - began))
    is_unknown = decision.overruled in UNKNOWN or decision.reason in UNKNOWN
    if user and tried and not is_unknown:
        coordinator.unknown_codes.take_back(user.id, tried)
    return decision


async def _is_known(coordinator: OveitCoordinator, request: Request) -> bool:
    """Return whether a code is in a list here, or on a tag in any way to write it."""
    if request.rfid_code is None:
        return bool(await coordinator.ledger.find(request.ticket_code or ""))
    written = spellings(request.rfid_code).values()
    tags = {request.rfid_code, *(tag for each in written for tag in each)}
    return any([await coordinator.ledger.on_tag(tag) for tag in tags])
