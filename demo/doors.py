"""The whole venue: a pretend Oveit, and a Home Assistant with the integration set up."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
import fcntl
import os
from pathlib import Path
import shutil
import socket

from demo.config_folder import ROOT
from demo.gates import add_gates
from demo.guests import LANTERN_NIGHT
from demo.home_assistant import HomeAssistant, HomeAssistantError
from demo.opening import PASSWORD
from demo.oveit_server import OveitServer
from demo.progress import Steps
from demo.venue import Venue

FOLDER = ROOT / ".demo"
USER = "demo"
STAFF = {"email": "staff@venue.example", "password": PASSWORD}


@dataclass(frozen=True, kw_only=True, slots=True)
class Doors:
    """What runs during a demo."""

    server: OveitServer
    home: HomeAssistant

    @property
    def venue(self) -> Venue:
        """Return the venue of the pretend Oveit."""
        return self.server.venue


@asynccontextmanager
async def open_doors(port: int) -> AsyncGenerator[Doors]:
    """Start everything, and stop it whatever happens."""
    steps = Steps(5)
    server = OveitServer(Venue.build(tickets=200, events=2))
    with only_one():
        async with HomeAssistant(FOLDER, free_port(port)) as home:
            try:
                async with steps.step("A pretend Oveit opens"):
                    await server.start()
                async with steps.step("Home Assistant starts"):
                    empty(FOLDER)
                    await home.start()
                async with steps.step(f"A person called {USER} moves in"):
                    await home.onboard(USER, USER)
                async with steps.step("Oveit is added to Home Assistant"):
                    entry_id = await home.configure_oveit(server.url, STAFF, [str(LANTERN_NIGHT)])
                async with steps.step("Two gates with a door each, and a way out"):
                    await add_gates(home, entry_id)
                yield Doors(server=server, home=home)
            finally:
                await server.stop()


@contextmanager
def only_one() -> Generator[None]:
    """Refuse to run a second demo in this folder."""
    handle = os.open(ROOT / "demo", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise HomeAssistantError("A demo runs in this folder already") from None
    finally:
        os.close(handle)


def empty(folder: Path) -> None:
    """Delete what the last demo left."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()


def free_port(wanted: int) -> int:
    """Return the wanted port, or another one if it is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
