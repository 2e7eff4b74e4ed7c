"""Why Oveit does not take what was decided here, as far as its record and its list tell."""

from ..client.api import OveitClient
from ..decision import explain_addon
from ..exceptions import OveitError, is_about_one
from ..ledger import Ledger
from ..models import Answer, Direction, Row
from ..ticket_sync import TicketSync
from .evidence import Found, ReadBack, judge, uses_of
from .outcomes import NOTE_SET_ASIDE, NOTE_UNKNOWN, NOTE_UNREADABLE, NOTE_USED_ELSEWHERE
from .pauses import Pauses

MOST_ATTEMPTS = 3
NOTES = {
    Found.OURS: NOTE_USED_ELSEWHERE,
    Found.OTHERS: NOTE_USED_ELSEWHERE,
    Found.UNKNOWN: NOTE_UNKNOWN,
    Found.UNREADABLE: NOTE_UNREADABLE,
}


class Judging:
    """Tells a conflict from what may still go well (decisions.md C10 to C13, A15).

    Its methods raise OveitError when Oveit cannot be asked, or the ledger not be read.
    """

    def __init__(
        self,
        client: OveitClient,
        ledger: Ledger,
        ticket_sync: TicketSync,
        read_back: ReadBack,
        pauses: Pauses,
    ) -> None:
        """Take what is asked."""
        self._client = client
        self._ledger = ledger
        self._ticket_sync = ticket_sync
        self._read_back = read_back
        self._pauses = pauses

    async def look(self, row: Row, *, was_answered: bool = False) -> tuple[Found, Answer]:
        """Read a row back; one of which Oveit tells nothing is at last judged by its list alone.

        That is a row whose answers cannot be read though Oveit answers, at its third turn;
        a line that fails is none of the row's business.
        """
        try:
            return await self._read_back.ask(row, was_answered=was_answered)
        except OveitError as err:
            if not self.may_give_up(row, err):
                raise
        found = await self._read_back.look(row)
        is_told = found in (Found.OURS, Found.OTHERS)
        return found if is_told else Found.UNREADABLE, Answer(ok=False, asked_at=self._client.now())

    async def weigh(self, row: Row, refusal: Answer) -> tuple[Found, Answer]:
        """Return what a refusal shows of a row; one that shows nothing makes us look."""
        if refusal.ticket is None:
            return await self.look(row, was_answered=True)
        _, _, others = await self._ledger.evidence(row)
        return judge(row, uses_of(refusal, row), others), refusal

    async def why_refused(self, row: Row, found: Found, about: Answer) -> str | None:
        """Return why a refused row is a conflict, None while it may still be none.

        Why Oveit refuses it says in words only, so at once it is told what its record and
        its list show; of the rest, the third refusal is believed.
        """
        if row.addon_id is not None:
            event = self._ticket_sync.events.get(row.event_id)
            _, listed, _ = await self._ledger.evidence(row)
            uses = uses_of(about, row) if about.ticket else listed
            if reason := explain_addon(event, row, uses):
                return reason.value
            found = Found.NOTHING if found is Found.OTHERS else found
        if found in NOTES:
            return NOTES[found]
        return NOTE_SET_ASIDE if self.is_to_be_set_aside(row) else None

    async def is_used_elsewhere(self, row: Row) -> bool:
        """Tell whether the list shows an entry that is not ours: sending would add a second."""
        if row.addon_id is not None or row.re_entry or row.attempts:
            return False
        _, uses, others = await self._ledger.evidence(row)
        return judge(row, uses, others) is Found.OTHERS

    def may_give_up(self, row: Row, err: OveitError) -> bool:
        """Tell whether what failed again is to be set aside, for what is wrong with it alone."""
        had_its_turns = self._pauses.count(row.seq) >= MOST_ATTEMPTS - 1
        may = self.may_set_aside(row) or row.direction is Direction.EXIT
        return had_its_turns and may and is_about_one(err) and self._client.breaker.is_online

    def is_to_be_set_aside(self, row: Row) -> bool:
        """Tell whether Oveit was asked often enough about a row."""
        return row.attempts >= MOST_ATTEMPTS and self.may_set_aside(row)

    def may_set_aside(self, row: Row) -> bool:
        """Tell whether a person is to settle a row that Oveit does not take.

        The rows of an event that is over are kept (C17), and so are those of guests who were
        not let in, whom nobody has to look for.
        """
        event = self._ticket_sync.events.get(row.event_id)
        return row.admitted and (event is None or event.active)
