"""Lets the core be tested without Home Assistant, against the pretend Oveit."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
import sys
from types import ModuleType
from typing import Any

import aiohttp
from hypothesis import settings
import pytest

from demo.oveit_server import Behaviour, OveitServer, Venue

settings.register_profile("core", database=None, deadline=None)
settings.load_profile("core")

_FOLDER = Path(__file__).parents[2] / "custom_components" / "oveit"

if "custom_components.oveit" not in sys.modules:
    package = ModuleType("custom_components.oveit")
    package.__path__ = [str(_FOLDER)]
    sys.modules["custom_components.oveit"] = package

from custom_components.oveit.core.client.api import OveitClient  # noqa: E402
from custom_components.oveit.core.counts import RemoteCheckIn  # noqa: E402
from custom_components.oveit.core.desk import case, entry  # noqa: E402
from custom_components.oveit.core.desk.desk import Desk  # noqa: E402
from custom_components.oveit.core.ledger import Ledger  # noqa: E402
from custom_components.oveit.core.models import Decision, Row  # noqa: E402
from custom_components.oveit.core.ticket_sync import TicketSync  # noqa: E402
from tests.core.unknowns import Seconds, Steps  # noqa: E402


@pytest.fixture(autouse=True)
def ledger_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine's disk be slow where its time is not what is tested."""
    for module in (case, entry):
        monkeypatch.setattr(module, "LEDGER_GRACE", 0.9)


@pytest.fixture
def behaviour() -> Behaviour:
    """Choose how Oveit behaves where the documentation leaves it open."""
    return Behaviour()


@pytest.fixture
def venue() -> Venue:
    """Build a concert (100) with add-ons and a museum (101)."""
    return Venue.build(50, events=2)


@pytest.fixture
async def server(venue: Venue, behaviour: Behaviour) -> AsyncIterator[OveitServer]:
    """Serve the venue."""
    server = OveitServer(venue, behaviour=behaviour)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session for the client."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(server: OveitServer, session: aiohttp.ClientSession) -> OveitClient:
    """Return a client with a token."""
    return OveitClient(session, server.url, token=server.venue.token)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the ledger lies."""
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger_clock() -> Seconds:
    """Time leases and retries; a test may step it."""
    return Seconds()


@pytest.fixture
async def ledger(path: Path, ledger_clock: Seconds, behaviour: Behaviour) -> AsyncIterator[Ledger]:
    """Open an empty ledger; that an account cannot list the tickets of a tag is known."""
    ledger = await Ledger.open(path, clock=ledger_clock)
    if not behaviour.scan_v2:
        await ledger.keep_lists_tags(False)
    yield ledger
    await ledger.close()


@pytest.fixture
def followed() -> set[int]:
    """Follow both events."""
    return {100, 101}


@pytest.fixture
def seen() -> list[RemoteCheckIn]:
    """Collect the check-ins made elsewhere."""
    return []


@pytest.fixture
def decisions() -> list[Decision]:
    """Collect what the desk decided."""
    return []


@pytest.fixture
def conflicts() -> list[Row]:
    """Collect the rows that Oveit refused afterwards."""
    return []


@pytest.fixture
def steps() -> Steps:
    """Stand the clock of repeated reads still until a test lets seconds pass."""
    return Steps()


@pytest.fixture
async def new_ticket_sync(
    client: OveitClient, ledger: Ledger, followed: set[int], seen: list[RemoteCheckIn]
) -> AsyncIterator[TicketSync]:
    """Return a mirror that has asked nothing yet."""
    ticket_sync = TicketSync(
        client, ledger, follows=followed.__contains__, on_remote_check_in=seen.append
    )
    yield ticket_sync
    await ticket_sync.close()


@pytest.fixture
async def ticket_sync(new_ticket_sync: TicketSync, server: OveitServer) -> TicketSync:
    """Return a mirror that has just taken up every list."""
    await new_ticket_sync.refresh(everything=True)
    server.forget()
    return new_ticket_sync


@pytest.fixture
async def make_desk(
    client: OveitClient,
    ledger: Ledger,
    new_ticket_sync: TicketSync,
    decisions: list[Decision],
    conflicts: list[Row],
    steps: Steps,
) -> AsyncIterator[Callable[..., Desk]]:
    """Return what makes a desk at the same ledger, as after a restart."""
    desks = []

    def make(**options: Any) -> Desk:
        known: dict[str, Any] = {
            "on_decision": decisions.append,
            "on_conflict": conflicts.append,
            "clock": steps,
        }
        desks.append(Desk(client, ledger, new_ticket_sync, **known | options))
        return desks[-1]

    yield make
    for desk in desks:
        await desk.close()


@pytest.fixture
def new_desk(make_desk: Callable[..., Desk]) -> Desk:
    """Return a desk at a venue that knows nothing yet."""
    return make_desk()


@pytest.fixture
def desk(new_desk: Desk, ticket_sync: TicketSync) -> Desk:
    """Return a desk at a venue with fresh lists."""
    return new_desk
