"""Finding the tickets behind a code or a tag, and learning from what Oveit tells of them."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
import logging

from ..client.api import OveitClient
from ..client.replies import check_same
from ..decision import Known, Verdict, decide
from ..exceptions import (
    LedgerBusyError,
    LedgerError,
    OveitError,
    OveitOnlyErrorsError,
    OveitResponseError,
)
from ..ledger import Learned, Ours, Told
from ..models import Answer, Event, Ticket
from ..ticket_sync import OnDemandRefresh, TicketSync
from .case import Case

_LOGGER = logging.getLogger(__name__)

MOST_ON_TAG = 8


class Lookup:
    """Looks up what was read, in the ledger and at Oveit; nothing is marked.

    Its methods raise LedgerError; a failure of Oveit makes a case go on without it.
    """

    def __init__(self, client: OveitClient, ticket_sync: TicketSync) -> None:
        """Ask a client, and the lists where they are being refreshed."""
        self._client = client
        self._ticket_sync = ticket_sync
        self._lists_tags: bool | None = None
        self._has_listed = False

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
            await self._identify_tag(case, case.request.rfid_code, ask=ask)
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

        None is returned where Oveit tells of no ticket, and where it told of all on the tag.
        """
        tag = case.request.rfid_code or ""
        if codes := await self._ask_for_all(case, tag):
            await self._take_all(case, tag, codes)
            if has_unknown_type(case.tickets, self._ticket_sync.followed):
                await self._glance(case, self._ticket_sync.refresh_for_unknown_type)
            case.is_identified = True
            return None
        answer = case.answer = case.answer or await self.ask(case, rfid_code=tag)
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

    async def is_failing(self, case: Case) -> bool:
        """Return whether Oveit refused in words because it or its token fails (B17).

        Why it still fails is the case's failure; none is set where a login has cured it. What
        cannot be found out in time is no reason to doubt a refusal.
        """
        try:
            async with case.deadline():
                case.failure = await self._client.check_health()
        except OveitError as err:
            _LOGGER.debug("Whether Oveit fails was not found out: %s", err)
            return False
        return case.failure is not None or case.logins != self._client.logins

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

    async def _ask_for_all(self, case: Case, tag: str) -> tuple[str, ...]:
        """Ask Oveit for all tickets on a tag never seen here, where it may tell (R16, R17).

        Whether the account can is not known at first: then the usual question is asked, too,
        and the case keeps its answer.
        """
        if not case.online or await case.ledger.on_tag(tag):
            return ()
        if self._lists_tags is None:
            self._lists_tags = await case.ledger.lists_tags()
        if self._lists_tags is False:
            return ()
        if self._lists_tags is None:
            return await self._find_out_whether_all(case, tag)
        try:
            async with case.deadline():
                told = await self._client.scan_tag(tag, late_after=case.request.deadline)
        except OveitResponseError:
            await self._keep_lists_tags(case, None)
            return ()
        except OveitError as err:
            case.give_up_on_oveit(err)
            return ()
        if told.codes or self._has_listed:
            self._has_listed = True
            ok, message = bool(told.codes), told.message
            case.answer = Answer(ok=ok, asked_at=self._client.now(), message=message)
        return told.codes

    async def _find_out_whether_all(self, case: Case, tag: str) -> tuple[str, ...]:
        """Ask about a tag both ways at once, and remember which of them works."""
        listing = asyncio.create_task(self._client.scan_tag(tag, late_after=None))
        listing.add_done_callback(lambda task: task.cancelled() or task.exception())
        codes: tuple[str, ...] = ()
        able: bool | None = False
        try:
            case.answer = await self.ask(case, rfid_code=tag)
            async with case.deadline(share=0.5):
                codes = (await listing).codes
        except OveitResponseError:
            pass
        except OveitError:
            able = None
        finally:
            listing.cancel()
        if codes:
            able = self._has_listed = True
        elif case.answer is None or case.answer.ticket is None:
            able = None
        if able is not None:
            await self._keep_lists_tags(case, able)
        return codes

    async def _keep_lists_tags(self, case: Case, able: bool | None) -> None:
        """Remember whether the account can list the tickets of a tag."""
        self._lists_tags = able
        with suppress(LedgerBusyError):
            await case.learning.keep_lists_tags(able)

    async def _take_all(
        self, case: Case, tag: str, codes: tuple[str, ...], *, ask: bool = False
    ) -> None:
        """Find the tickets on a tag by their codes; with `ask`, Oveit is asked about each of them.

        Else it is asked only about those that are not in a list (decisions.md R16).
        """
        answers = [case.answer] if case.answer and case.answer.ticket else []
        told = {answer.ticket.code for answer in answers if answer.ticket}
        for code in codes[:MOST_ON_TAG]:
            if code not in told and (ask or not await case.ledger.find(code)):
                answers += filter(None, [await self.ask(case, ticket_code=code)])
        others = list[Ticket]()
        for answer in answers:
            ticket = (await self.learn(case, answer)).ticket
            if ticket and ticket.event_id not in self._ticket_sync.followed:
                others.append(ticket)
        try:
            found = await case.learning.learn_tag(tag, codes)
        except LedgerBusyError:
            found = tuple([ticket for code in codes for ticket in await case.ledger.find(code)])
        case.tickets = (*found, *others)
        if len(codes) == 1 and answers:
            case.answer = answers[-1]
        elif not (case.answer and case.answer.ok):
            case.answer = Answer(ok=True, asked_at=self._client.now())

    async def _identify_tag(self, case: Case, tag: str, *, ask: bool) -> None:
        """Find the tickets on a tag, which may have been paired anew (decisions.md R3, R5)."""
        if case.answer is None and (codes := await self._ask_for_all(case, tag)):
            await self._take_all(case, tag, codes, ask=ask)
            return
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
        except OveitOnlyErrorsError as err:
            case.give_up_on_oveit(err)
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
