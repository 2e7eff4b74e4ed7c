"""Pairing: a ticket is put on a tag, and the ledger knows it at once."""

from ..client.api import OveitClient
from ..exceptions import OveitConnectionError, OveitError
from ..ledger import Ledger
from ..models import Answer
from .lookup import Lookup, check_same


class Pairing:
    """Puts tickets on tags at Oveit; a tag that Oveit refuses stays where it is."""

    def __init__(self, client: OveitClient, ledger: Ledger, lookup: Lookup) -> None:
        """Take what is asked."""
        self._client = client
        self._ledger = ledger
        self._lookup = lookup

    async def pair(self, ticket_code: str, rfid_code: str) -> Answer:
        """Pair a tag with a ticket; an answer that is not `ok` says in Oveit's words why not.

        Raises OveitConnectionError without asking while the line is down (decisions.md R14).
        """
        if not self._client.breaker.is_online:
            raise OveitConnectionError("A tag cannot be paired while the line is down", sent=False)
        answer = await self._client.pair(ticket_code, rfid_code)
        if answer.ok:
            await self._learn(ticket_code, rfid_code)
        return answer

    async def _learn(self, ticket_code: str, rfid_code: str) -> None:
        """Keep the pair, and what Oveit tells of the ticket now."""
        for ticket in await self._ledger.find(ticket_code):
            await self._ledger.learn(ticket, None, rfid_code)
        try:
            told = await self._client.scan(ticket_code=ticket_code)
            check_same(told, ticket_code)
        except OveitError:
            return
        await self._lookup.learn(told, rfid_code)
