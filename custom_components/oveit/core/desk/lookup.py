"""Finding the tickets behind a code or a tag, and learning from what Oveit tells of them."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
import logging

from ..client.api import OveitClient
from ..client.replies import check_same
from ..decision import Known, Verdict, decide
from ..exceptions import LedgerBusyError, LedgerError, OveitError
from ..ledger import Learned, Ours, Told
from ..models import Answer, Event, Ticket
from ..ticket_sync import OnDemandRefresh, TicketSync
from .case import Case

_LOGGER = logging.getLogger(__name__)


class Lookup:
    """Looks up what was read, in the ledger and at Oveit; nothing is marked.

    Its methods raise LedgerError; a failure of Oveit makes a case go on without it.
    """

    def __init__(self, client: OveitClient, ticket_sync: TicketSync) -> None:
        """Ask a client, and the lists where they are being refreshed."""
        self._client = client
        self._ticket_sync = ticket_sync

    def known(self, case: Case) -> Known:
        """Return what is known for a case."""
        return Known(
            events=self._ticket_sync.followed,
            tickets=case.tickets,
            at=case.at,
            online=case.online,
            may_wait=case.may_wait,
            list_ages=self._ticket_sync.list_ages(case.at),
        )

    def list_age(self, case: Case, event: Event | None) -> timedelta | None:
        """Return how old the list is that tells of a guest, or the oldest that might."""
        ages = self._ticket_sync.list_ages(case.at)
        if event is not None:
            return ages.get(event.id)
        chosen = case.request.event_ids
        known = [ages.get(key) for key in self._ticket_sync.followed if key in (chosen or (key,))]
        told = [age for age in known if age is not None]
        return max(told) if told and len(told) == len(known) else None

    def decide_here(self, case: Case, ticket: Ticket) -> Verdict:
        """Decide on a ticket without Oveit."""
        return decide(replace(self.known(case), tickets=(ticket,), online=False), case.request)

    async def identify(self, case: Case, *, ask: bool = False) -> None:
        """Find the tickets that were read; with `ask`, Oveit is asked about known codes too."""
        if case.request.rfid_code is not None:
            await self._identify_tag(case, case.request.rfid_code)
        else:
            await self._identify_code(case, case.request.ticket_code or "", ask=ask)
        if has_unknown_type(case.tickets, self._ticket_sync.followed):
            await self._glance(case, self._ticket_sync.refresh_for_unknown_type)

    async def ask(
        self, case: Case, *, ticket_code: str | None = None, rfid_code: str | None = None
    ) -> Answer | None:
        """Ask Oveit about a ticket, if there is time and Oveit answers."""
        if not case.online:
            return None
        try:
            async with case.deadline():
                answer = await self._client.scan(
                    ticket_code=ticket_code,
                    rfid_code=rfid_code,
                    late_after=case.request.deadline,
                )
            if ticket_code is not None:
                check_same(answer, ticket_code)
        except OveitError as err:
            case.give_up_on_oveit(err)
            return None
        return answer

    async def ask_tag(self, case: Case) -> Told | None:
        """Ask Oveit what a tag carries; the case keeps the answer, and the ticket in it.

        None is returned where Oveit tells of no ticket.
        """
        tag = case.request.rfid_code or ""
        case.answer = answer = await self.ask(case, rfid_code=tag)
        if answer is None or answer.ticket is None:
            return None
        case.tickets = (answer.ticket,)
        return Told(tag=tag, answer=answer, ours=self.of_followed())

    async def learn(self, case: Case, answer: Answer, tag: str | None = None) -> Learned:
        """Keep what an answer tells of a ticket of ours, and return what it was about.

        A ledger that is busy learns nothing, and holds nobody up.
        """
        try:
            return await case.learning.learn_answer(answer, self.of_followed(), tag)
        except LedgerBusyError as err:
            _LOGGER.debug("What Oveit told could not be kept: %s", err)
        known = await case.ledger.find(answer.ticket.code) if answer.ticket else ()
        told = self.ours(answer, known[0]).ticket if len(known) == 1 else answer.ticket
        on_tag = await case.ledger.on_tag(tag) if tag else ()
        if told and tag and told.code not in {each.code for each in on_tag}:
            on_tag += known or (told,)
        return Learned(ticket=told, on_tag=on_tag)

    def only_event(self, case: Case) -> int | None:
        """Return the event that a guest without a ticket of ours counts for, if only one can be."""
        chosen = case.request.event_ids
        active = [
            key
            for key, event in self._ticket_sync.followed.items()
            if event.active and (not chosen or key in chosen)
        ]
        return active[0] if len(active) == 1 else None

    def ours(self, answer: Answer, ticket: Ticket) -> Answer:
        """Return an answer without a ticket of an event that is not followed."""
        return self.of_followed()(answer, ticket)

    def of_followed(self) -> Ours:
        """Return what takes tickets of events that are not followed out of answers."""
        return partial(_only_of, frozenset(self._ticket_sync.followed))

    async def _identify_code(self, case: Case, code: str, *, ask: bool) -> None:
        """Find a ticket by its code; one that is not in the list may be new (decisions.md B5)."""
        case.tickets = await case.ledger.find(code)
        if case.tickets and not ask:
            return
        answer = await self.ask(case, ticket_code=code)
        if answer is None:
            return
        case.answer = answer
        if ticket := (await self.learn(case, answer)).ticket:
            case.tickets = await case.ledger.find(ticket.code) or (ticket,)
        elif not case.tickets:
            await self._glance(case, self._ticket_sync.refresh_for_unknown_code)
            case.tickets = await case.ledger.find(code)

    async def _identify_tag(self, case: Case, tag: str) -> None:
        """Find the tickets on a tag, which may have been paired anew (decisions.md R3, R5)."""
        answer = case.answer or await self.ask(case, rfid_code=tag)
        if answer is None:
            case.tickets = await case.ledger.on_tag(tag)
            return
        case.answer = answer
        learned = case.learned or await self.learn(case, answer, tag)
        ticket, case.tickets = learned.ticket, learned.on_tag
        if learned.others:
            await self._check_pairings(case, tag, learned.others, is_told=ticket is not None)
            case.tickets = await case.ledger.on_tag(tag)
        if ticket and ticket.event_id not in self._ticket_sync.followed:
            case.tickets += (ticket,)
        if not case.tickets and case.request.or_ticket is not None:
            await self._identify_code(case, case.request.or_ticket, ask=True)

    async def _check_pairings(
        self, case: Case, tag: str, others: list[Ticket], *, is_told: bool
    ) -> None:
        """Ask about the other tickets that a tag was known to carry."""
        for other in others:
            about = await self.ask(case, ticket_code=other.code)
            if about is None:
                return
            learned = await self.learn(case, about)
            if learned.ticket is None and is_told and not other.checked_in:
                with suppress(LedgerBusyError):
                    await case.learning.unpair(tag, other.code)

    async def _glance(self, case: Case, glance: OnDemandRefresh) -> None:
        """Have the mirror look at Oveit; what follows has half of the time left for itself."""
        if not case.online:
            return
        try:
            async with case.deadline(share=0.5):
                await glance()
        except LedgerError:
            raise
        except OveitError as err:
            _LOGGER.debug("The ticket list could not be refreshed: %s", err)


def has_unknown_type(tickets: Iterable[Ticket], followed: Mapping[int, Event]) -> bool:
    """Tell whether a ticket of ours has a type that its event did not list yet."""
    return any(
        event is not None and event.ticket_type(ticket.ticket_type_id) is None
        for ticket in tickets
        for event in [followed.get(ticket.event_id or 0)]
    )


def _only_of(followed: frozenset[int], answer: Answer, ticket: Ticket) -> Answer:
    """Return an answer without a ticket of another event, given the ticket as it is known.

    An answer that names no event is about the event that the ledger has the ticket in,
    and the ledger's way to write the code stays.
    """
    if answer.ticket is None:
        return answer
    event_id = answer.ticket.event_id or ticket.event_id
    if event_id not in followed:
        return replace(answer, ticket=None)
    return replace(answer, ticket=replace(answer.ticket, event_id=event_id, code=ticket.code))
