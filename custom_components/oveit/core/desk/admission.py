"""What an admission shows of its ticket."""

from dataclasses import replace

from ..decision import Verdict
from ..ledger import Ledger
from ..models import AddonUse, Reason, Ticket


async def admitted(ledger: Ledger, verdict: Verdict, ticket: Ticket, reason: Reason) -> Verdict:
    """Return an admission with its ticket as it is now; raises LedgerError."""
    (fresh,) = await ledger.renew((ticket,))
    return replace(verdict, reason=reason, ticket=fresh, addon=count_uses(verdict.addon, fresh))


def count_uses(addon: AddonUse | None, ticket: Ticket) -> AddonUse | None:
    """Return an add-on with its uses counted anew."""
    return addon and replace(addon, used=ticket.uses_of(addon.id))
