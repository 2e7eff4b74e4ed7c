"""The demo notices every wrong decision."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from demo.__main__ import CONFLICTS, INSIDE, once
from demo.arrivals import ADMITTED
from demo.doors import Doors
from demo.guests import LANTERN_NIGHT, Crowd, Guest, thirty
from demo.home_assistant import HomeAssistant
from demo.oveit_server import OveitServer, Venue

type Answer = dict[str, Any]
type Change = Callable[[Guest, Answer], Answer]


class Impostor:
    """Stands in for Home Assistant, and can be made to get something wrong."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        due = thirty(Crowd(venue=Venue.build(tickets=200, events=2)))
        self.guests = {guest.presents: guest for guest in reversed(due)}
        self.come: dict[str, str] = {}
        self.read: set[str] = set()
        self.change: Change = lambda _, answer: answer
        self.marks = True
        self.left = 0
        self.openings = Counter[str]()
        self.opens = 1
        self.shows = 0
        self.waiting = 0

    async def check_in(self, request: web.Request) -> web.Response:
        """Decide as expected."""
        fields = await request.json()
        guest = self.guests[
            Guest(
                name="", ticket_code=fields.get("ticket_code"), rfid_code=fields.get("rfid_code")
            ).presents
        ]
        gate = fields["entity_id"]
        before = self.come.setdefault(guest.presents, gate)
        reason = guest.expected
        if guest.presents in self.read and reason == "checked_in":
            reason = "repeat" if before == gate else "already_checked_in"
        if gate == "event.way_out":
            reason = "left"
            self.left += 1
        self.read.add(guest.presents)
        admitted = reason in ADMITTED
        answer = {"admitted": admitted, "reason": reason, "source": "oveit"}
        if reason == "checked_in" and self.marks:
            self.venue.check_in(self.code(guest))
        answer = self.change(guest, answer)
        if answer["admitted"] and answer["reason"] == "checked_in":
            self.openings[gate.removeprefix("event.")] += self.opens
        if "error" in answer:
            return web.json_response({"message": answer["error"]}, status=500)
        return web.json_response({"service_response": answer})

    def code(self, guest: Guest) -> str:
        """Return the ticket behind what a guest presents."""
        return guest.ticket_code or self.venue.tickets_with(guest.rfid_code or "")[0].code

    async def sync(self, _: web.Request) -> web.Response:
        """Return that nothing waits."""
        return web.json_response({"service_response": {"waiting": self.waiting}})

    async def state(self, request: web.Request) -> web.Response:
        """Return the counts of guests and openings, and that there are no conflicts."""
        entity_id = request.match_info["entity_id"]
        if entity_id == CONFLICTS:
            return web.json_response({"state": "0"})
        if entity_id.startswith("counter."):
            door = entity_id.removeprefix("counter.").removesuffix("_openings")
            return web.json_response({"state": str(self.openings[door])})
        used = len(self.venue.used(LANTERN_NIGHT))
        if entity_id == INSIDE:
            return web.json_response({"state": str(used - self.left)})
        return web.json_response({"state": str(used + self.shows)})


@pytest.fixture
def venue() -> Venue:
    """Build the venue of the demo."""
    return Venue.build(tickets=200, events=2)


@pytest.fixture
def impostor(venue: Venue) -> Impostor:
    """Return the stand-in for Home Assistant."""
    return Impostor(venue)


@pytest.fixture
async def doors(impostor: Impostor, venue: Venue, tmp_path: Path) -> AsyncIterator[Doors]:
    """Open the doors."""
    app = web.Application()
    app.router.add_post("/api/services/oveit/checkin", impostor.check_in)
    app.router.add_post("/api/services/oveit/sync", impostor.sync)
    app.router.add_get("/api/states/{entity_id}", impostor.state)
    async with TestServer(app) as server, HomeAssistant(tmp_path, server.port or 0) as home:
        home.log.write_text("2026-10-10 18:00:00.000 INFO (MainThread) all is well\n")
        yield Doors(server=OveitServer(venue), home=home)


async def test_thirty_right_decisions_are_a_success(doors: Doors, capsys: Any) -> None:
    """The table has a row for each, with its time."""
    assert await once(doors)
    said = capsys.readouterr().out
    assert "30 of 30 decisions right, 18 guests admitted" in said
    assert "WRONG" not in said
    lines = said.splitlines()
    assert sum(line.split()[:1] == [str(number)] for number in range(1, 31) for line in lines) == 30


def refuse_one(guest: Guest, answer: Answer) -> Answer:
    """Refuse a guest with a wristband."""
    return answer | {"admitted": False, "reason": "refused"} if guest.rfid_code else answer


def admit_strangers(guest: Guest, answer: Answer) -> Answer:
    """Admit a guest without a valid ticket."""
    stranger = guest.expected == "unknown_ticket"
    return answer | {"admitted": True, "reason": "checked_in"} if stranger else answer


def give_another_reason(guest: Guest, answer: Answer) -> Answer:
    """Refuse for the wrong reason."""
    return answer | {"reason": "refused"} if answer["reason"] == "wrong_event" else answer


def contradict_itself(guest: Guest, answer: Answer) -> Answer:
    """Open the door with a refusal."""
    return answer | {"admitted": True} if answer["reason"] == "already_checked_in" else answer


def fail(guest: Guest, answer: Answer) -> Answer:
    """Answer with an error."""
    return {"error": "no decision"} if answer["reason"] == "unknown_tag" else answer


@pytest.mark.parametrize(
    "change", [refuse_one, admit_strangers, give_another_reason, contradict_itself, fail]
)
async def test_a_wrong_decision_is_a_failure(
    doors: Doors, impostor: Impostor, change: Change, capsys: Any
) -> None:
    """The table marks it, and it is counted."""
    impostor.change = change
    assert not await once(doors)
    said = capsys.readouterr().out
    wrong = sum(line.endswith("  WRONG") for line in said.splitlines())
    assert wrong > 0
    assert f"WRONG {30 - wrong} of 30 decisions right" in said


@pytest.mark.parametrize("opens", [0, 2])
async def test_a_door_that_stays_shut_or_opens_twice_is_a_failure(
    doors: Doors, impostor: Impostor, opens: int, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the decision is right."""
    monkeypatch.setattr("demo.arrivals.DOOR_TAKES", 0.01)
    impostor.opens = opens
    assert not await once(doors)
    said = capsys.readouterr().out
    assert "WRONG doors opened" in said
    assert "WRONG 14 of 30 decisions right" in said


async def test_somebody_who_left_and_is_counted_as_inside_is_a_failure(
    doors: Doors, impostor: Impostor, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exit has to count."""
    monkeypatch.setattr("demo.__main__.PATIENCE", 2)
    impostor.left = -1
    assert not await once(doors)
    assert f"WRONG {INSIDE} shows 34, 1 left" in capsys.readouterr().out


async def test_admissions_that_are_not_at_oveit_are_a_failure(
    doors: Doors, impostor: Impostor, capsys: Any
) -> None:
    """Even if Home Assistant says that nothing waits."""
    impostor.marks = False
    assert not await once(doors)
    assert "WRONG the pretend Oveit counts" in capsys.readouterr().out


@pytest.mark.parametrize("twice", [True, False])
async def test_a_ticket_used_twice_or_by_nobody_is_a_failure(
    doors: Doors, impostor: Impostor, venue: Venue, twice: bool
) -> None:
    """Each ticket is compared, not only their number."""

    def mark_more(guest: Guest, answer: Answer) -> Answer:
        if answer["reason"] == ("checked_in" if twice else "wrong_ticket_type"):
            venue.check_in(impostor.code(guest))
        return answer

    impostor.change = mark_more
    assert not await once(doors)


async def test_a_sensor_that_shows_something_else_is_a_failure(
    doors: Doors, impostor: Impostor, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few seconds."""
    monkeypatch.setattr("demo.__main__.PATIENCE", 2)
    impostor.shows = 1
    assert not await once(doors)
    assert "WRONG sensor.lantern_night_checked_in shows" in capsys.readouterr().out


async def test_a_check_in_that_waits_for_oveit_is_a_failure(
    doors: Doors, impostor: Impostor, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both sides must agree in the end."""
    monkeypatch.setattr("demo.__main__.PATIENCE", 2)
    impostor.waiting = 1
    assert not await once(doors)
    assert "WRONG 1 check-ins wait for Oveit" in capsys.readouterr().out


async def test_an_error_in_the_log_is_a_failure(doors: Doors, capsys: Any) -> None:
    """It is printed."""
    with doors.home.log.open("a") as log:
        log.write("2026-10-10 18:00:01.000 ERROR (MainThread) [custom_components.oveit] Oh no\n")
    assert not await once(doors)
    said = capsys.readouterr().out
    assert "WRONG 1 errors in output.log" in said
    assert "Oh no" in said
