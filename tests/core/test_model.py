"""Whatever guests, the connection, Oveit and two desks at one ledger do, the promises hold."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, override
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
import pytest

from custom_components.oveit.core.client import api
from custom_components.oveit.core.models import OfflinePolicy, Request, Several
from custom_components.oveit.core.settling import settling as settling_module
from demo.behaviour import Behaviour
from demo.control import switches
from demo.faults import PRESETS, Fault
from demo.venue import VenueTicket
from tests.core.model.invariants import check_all, check_the_end
from tests.core.model.world import GHOSTS, World
from tests.core.unknowns import journal

SLOW = 0.35
HUNG = 1.8
YES_ABOUT_ANOTHER = {"ok": True, "ticket": {"code": "ffffffff"}, "event": {"id": 100}}
FAULTS = {name: fault for name, fault in PRESETS.items() if not name.startswith("slow")} | {
    "slow": Fault(latency_before=SLOW),
    "slow_answer": Fault(latency_after=SLOW),
    "hung": Fault(latency_after=HUNG),
    "late_error": Fault(status=502, processed=True),
    "bare_yes": Fault(json={"ok": True}),
    "yes_in_words": Fault(json={"ok": "true", "ticket": {"code": "ffffffff"}}),
    "yes_about_another": Fault(json=YES_ABOUT_ANOTHER),
}
LOST = (
    "drop_before",
    "drop_after",
    "drop_midway",
    "late_error",
    "half_json",
    "slow_answer",
    "hung",
)
ENDPOINTS = ("*", "tickets/checkin", "tickets/checkin", "tickets/scan", "events/tickets")

HAPPENINGS = (
    *("hang_up", "pick_up", "all_is_well", "all_is_well", "settle", "refresh"),
    *("restart", "restart_one", "crash", "crash_one", "expire_tokens", "wait", "wait_longer"),
    *("back_up", "back_up", "restore"),
)
MEANWHILE = ("hang_up", "settle", "refresh", "restart", "restart_one", "crash", "crash_one")
TIMES = st.sampled_from((1, 1, 2, None))
AGO = st.sampled_from((0, 90, 600, 7200))

behaviours = st.fixed_dictionaries(
    {
        name: st.sampled_from(switches()[name])
        for name in ("refusal", "second_checkin", "checkins_include_new", "dates", "ids")
    }
    | {
        name: st.sampled_from(switches()[name])
        for name in ("scan_used", "wallet", "scan_v2", "date_form", "lists", "dead_token")
    }
)
apart = st.sampled_from((*[0] * 4, 90, 3600, -3600))


class Guest(NamedTuple):
    """Who comes, with which ticket, to which door of which desk."""

    desk: int
    place: int
    by: str
    gate: str | None
    addon_id: int | None
    scan: str | None
    deadline: float
    offline: OfflinePolicy
    several: Several
    free: bool

    @override
    def __repr__(self) -> str:
        """Fit several guests on a line."""
        return f"Guest{(*self[:7], str(self.offline), str(self.several), self.free)}"


places = st.integers(0, 9)
gates = st.sampled_from((None, "North", "South"))
ways = st.sampled_from((*["code"] * 5, *["tag"] * 3, "ghost"))
moments = st.sampled_from((0.0, 0.003, 0.01, 0.03, 0.2))
desks = st.integers(0, 1)
doors = st.fixed_dictionaries(
    {"desk": desks, "gate": gates, "by": st.sampled_from(("code", "tag"))}
)
guests = st.builds(
    Guest,
    desk=desks,
    place=places,
    by=ways,
    gate=gates,
    addon_id=st.sampled_from((None, None, None, 8, 9)),
    scan=st.sampled_from((None, None, None, "1", "shared")),
    deadline=st.sampled_from((0.15, 0.25, 1.0)),
    offline=st.sampled_from((*[OfflinePolicy.ADMIT_KNOWN] * 3, OfflinePolicy.REFUSE)),
    several=st.sampled_from(Several),
    free=st.sampled_from((*[False] * 4, True)),
)


class Doors(RuleBasedStateMachine):
    """Guests come, and things happen."""

    def __init__(self) -> None:
        """Begin with one event loop for the whole run."""
        super().__init__()
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(TemporaryDirectory()))
        self._stack.enter_context(patch.object(settling_module, "RETRY_AFTER", 0.0))
        self._stack.enter_context(patch.object(api, "_LOGIN_INTERVAL", 0.0))
        self._runner = self._stack.enter_context(asyncio.Runner())
        self._world: World
        self._is_sound = False

    def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do one thing."""
        self._is_sound = False
        self._runner.run(self._world.with_heartbeat(work))
        self._is_sound = True

    @initialize(behaviour=behaviours, skew=st.sampled_from((0, 0, 600, -600)), apart=apart)
    def doors_open(self, behaviour: dict[str, Any], skew: float, apart: float) -> None:
        """The doors open, with the dates in Oveit's data apart from its `Date` header."""
        self._world = World(self._folder, Behaviour(**behaviour), skew)
        self._world.venue.dates_ahead = timedelta(seconds=apart)
        self._do(self._world.open())

    @rule(who=st.lists(guests, min_size=1, max_size=4), pause=st.booleans())
    def guests_come(self, who: list[Guest], pause: bool) -> None:
        """Guests come to several doors at once."""
        self._receive(who, pause=pause)

    @rule(guest=guests, doors=st.lists(doors, min_size=2, max_size=4), is_cut=st.booleans())
    def one_ticket_comes_to_several_doors(
        self, guest: Guest, doors: list[dict[str, Any]], is_cut: bool
    ) -> None:
        """Friends share one ticket, perhaps just when the line is cut."""
        if is_cut:
            self._do(self._world.hang_up())
        self._receive([guest._replace(**door, addon_id=None) for door in doors], pause=True)

    @rule(
        who=st.lists(guests, min_size=1, max_size=4),
        meanwhile=st.sampled_from(MEANWHILE),
        after=moments,
    )
    def guests_come_while(self, who: list[Guest], meanwhile: str, after: float) -> None:
        """Guests come, and in the middle of it something happens."""
        self._receive(who, pause=True, meanwhile=meanwhile, after=after)

    @rule(endpoint=st.sampled_from(ENDPOINTS), fault=st.sampled_from(sorted(FAULTS)), times=TIMES)
    def something_goes_wrong(self, endpoint: str, fault: str, times: int | None) -> None:
        """Something goes wrong with the next requests."""
        if fault == "yes_about_another":  # of a tag, nobody could tell that it is another's
            endpoint = "tickets/checkin"
        self._world.server.faults.set(endpoint, FAULTS[fault], times)

    @rule(guest=guests, fault=st.sampled_from(LOST), offline=st.sampled_from(OfflinePolicy))
    def an_answer_gets_lost(self, guest: Guest, fault: str, offline: OfflinePolicy) -> None:
        """On a line that is up a guest comes, and Oveit's answer does not, or too late."""
        self._do(self._world.recover())
        self._world.server.faults.set("tickets/checkin", FAULTS[fault], 1)
        place = self._world.find_unused(guest.place)
        guest = guest._replace(place=place, by="code", addon_id=None, offline=offline)
        self._receive([guest], pause=True)

    @rule(
        who=st.lists(guests, min_size=1, max_size=3),
        then=st.sampled_from(("settle", "refresh", "wait", "hang_up", "all_is_well")),
    )
    def an_older_copy_of_the_ledger_comes_back(self, who: list[Guest], then: str) -> None:
        """What happened since it was made, only Oveit may know."""
        self._do(self._world.back_up())
        self._receive(who, pause=True)
        self._do(getattr(self._world, then)())
        check_all(self._world)
        self._do(self._world.restore())

    @rule(what=st.sampled_from(HAPPENINGS))
    def something_happens(self, what: str) -> None:
        """The connection is cut or mended, a list comes, desks restart, fall over, are restored."""
        self._do(getattr(self._world, what)())

    @rule(place=places, addon_id=st.sampled_from((None, None, 8)), ago=AGO)
    def someone_uses_the_app(self, place: int, addon_id: int | None, ago: float) -> None:
        """A ticket is checked in with Oveit's own app."""
        ticket = self._pick(place)
        if addon_id is None or self._has_addons(ticket):
            self._world.check_in_elsewhere(ticket, addon_id, ago)

    @rule(place=places, what=st.sampled_from(("sell", "cancel", "nothing", "nothing")))
    def a_ticket_is_sold_or_cancelled(self, place: int, what: str) -> None:
        """No list shows it yet."""
        if what == "sell":
            self._world.sell()
        elif what == "cancel":
            self._world.cancel(self._pick(place))

    @invariant()
    def what_always_holds(self) -> None:
        """The invariants hold."""
        if not hasattr(self, "_world"):
            return
        self._is_sound = False
        check_all(self._world)
        self._is_sound = True

    def teardown(self) -> None:
        """Let everything find its end, and compare the books."""
        try:
            if self._is_sound:
                self._runner.run(self._end())
                check_all(self._world)
                check_the_end(self._world)
            if hasattr(self, "_world"):
                _count(self._world)
        finally:
            if hasattr(self, "_world"):
                self._runner.run(self._world.close())
            self._stack.close()

    async def _end(self) -> None:
        """Settle until nothing waits."""
        for _ in range(12):
            await self._world.recover()
            await self._world.let_time_pass(20)
            if not await self._world.settle():
                return
        pytest.fail(f"{await self._world.settle()} rows never find their end")

    def _receive(
        self, who: list[Guest], *, pause: bool, meanwhile: str | None = None, after: float = 0
    ) -> None:
        """Let guests present their tickets."""
        if pause:
            self._world.guests_change()
        happens = getattr(self._world, meanwhile) if meanwhile else None
        requests = [(guest.desk, self._request(guest)) for guest in who]
        self._do(self._world.receive(requests, happens, after))

    def _pick(self, place: int) -> VenueTicket:
        """Return a ticket of the few that matter."""
        return self._world.pool[place % len(self._world.pool)]

    def _has_addons(self, ticket: VenueTicket) -> bool:
        """Tell whether a ticket is good for more than the entry."""
        event = self._world.venue.events[ticket.event_id]
        return bool(event.ticket_type(ticket.ticket_type_id).addons)

    def _request(self, guest: Guest) -> Request:
        """Return what a guest presents; few try an add-on that their ticket does not have."""
        ticket = self._pick(guest.place)
        if guest.addon_id == 8 and not self._has_addons(ticket):
            guest = guest._replace(addon_id=None)
        tag = ticket.rfid_codes[0] if guest.by == "tag" and ticket.rfid_codes else None
        code = GHOSTS[guest.place % 2] if guest.by == "ghost" else ticket.code
        scan = guest.scan
        own = "-".join(map(str, (scan, tag or code, guest.addon_id, guest.gate)))
        offline = OfflinePolicy.ADMIT_KNOWN if guest.free else guest.offline
        return Request(
            ticket_code=None if tag else code,
            rfid_code=tag,
            addon_id=guest.addon_id,
            gate=guest.gate,
            deadline=guest.deadline,
            offline=offline,
            several=guest.several,
            free_flow=guest.free,
            scan_id={None: None, "shared": "shared"}.get(scan, own),
        )


TOTALS = Counter[str]()


def _count(world: World) -> None:
    """Add up how much happened, for scripts/model-test."""
    TOTALS.update(runs=1, crashes=world.crashes, restored=world.restored)
    TOTALS.update(reads=len(world.told), undecided=world.undecided, too_slow=world.too_slow)
    TOTALS.update(f"told {told.decision.reason} by {told.decision.source}" for told in world.told)
    TOTALS.update(f"rows {row['state']}" for row in journal(world.path))


TestDoors = pytest.mark.timeout(600)(Doors.TestCase)
TestDoors.settings = settings(
    max_examples=24,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
