"""The policy of a gate, without Home Assistant and by clocks that tests set."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.oveit.core.codes import TagFormat
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import LedgerError
from custom_components.oveit.core.gate import DoubleBindings, Gate, LastReads, Rehearsal, digest_of
from custom_components.oveit.core.gate_settings import (
    DEFAULTS,
    Credential,
    GateMode,
    GateSettings,
    ReEntry,
)
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import (
    Decision,
    Direction,
    OfflinePolicy,
    Reason,
    Request,
    Several,
)
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import OveitServer
from demo.venue import Venue, VenueTicket
from tests.core.unknowns import Steps, journal

TAG = "5E35ED9A"


@pytest.fixture
def announced() -> list[Decision]:
    """Collect what the gate announces."""
    return []


@pytest.fixture
def make_gate(
    desk: Desk,
    ledger: Ledger,
    ticket_sync: TicketSync,
    steps: Steps,
    announced: list[Decision],
) -> Callable[..., Gate]:
    """Return what makes a gate."""

    def make(mode: GateMode = GateMode.OPEN_FOR_TICKETS, **settings: Any) -> Gate:
        gate = Gate(
            GateSettings(name="North", **settings),
            desk,
            ledger,
            lambda: ticket_sync.followed,
            mode=mode,
            clock=steps,
        )
        gate.on_decision.add(lambda decision, _: announced.append(decision))
        return gate

    return make


@pytest.fixture
def ticket(venue: Venue) -> VenueTicket:
    """Put an unused ticket on a tag."""
    ticket = venue.unused(100, 234)[1]
    venue.pair(ticket.code, TAG)
    return ticket


async def fail(*_: object) -> None:
    """Fail like a ledger on a full disk."""
    raise LedgerError("The disk is full")


async def test_d1_a_guest_is_announced_once_while_the_tag_lies_there(
    make_gate: Callable[..., Gate], ticket: VenueTicket, announced: list[Decision], steps: Steps
) -> None:
    """The second guest is somebody else."""
    gate = make_gate()
    for _ in range(3):
        await gate.read("5e-35-ed-9a")
        steps.step(4)
    await gate.read(ticket.code)
    assert [each.reason for each in announced] == [Reason.CHECKED_IN, Reason.UNKNOWN_TAG]


async def test_d1_who_did_not_get_through_is_announced_again(
    make_gate: Callable[..., Gate], ticket: VenueTicket, announced: list[Decision]
) -> None:
    """Only the guest who was admitted last."""
    gate = make_gate()
    await gate.read(TAG)
    await gate.read("FFFFFFFF")
    gate.announcements.announce_again()
    await gate.read("FFFFFFFF")
    await gate.read(TAG)
    assert [each.reason for each in announced] == [
        Reason.CHECKED_IN,
        Reason.UNKNOWN_TAG,
        Reason.REPEAT,
    ]


@pytest.mark.parametrize("read", ["", "  ", "x" * 257, "a\u0007b", "a\u200bb"])
@pytest.mark.parametrize("credential", Credential)
async def test_b16_b18_what_is_no_code_is_refused_and_nobody_asked(
    make_gate: Callable[..., Gate],
    server: OveitServer,
    announced: list[Decision],
    read: str,
    credential: Credential,
) -> None:
    """It is announced, once however often it is read."""
    gate = make_gate(credential=credential, tag_format=TagFormat.DECIMAL)
    for _ in range(2):
        assert (await gate.read(read)).reason is Reason.UNREADABLE
    assert [each.reason for each in announced] == [Reason.UNREADABLE]
    assert server.requests == []


@pytest.mark.parametrize(
    ("policy", "reason", "overruled"),
    [
        ({"direction": Direction.EXIT}, "left", None),
        ({"mode": GateMode.FREE_FLOW}, "override", "unreadable"),
    ],
)
async def test_b16_i7_x9_who_may_pass_passes_with_what_is_no_code(
    make_gate: Callable[..., Gate],
    server: OveitServer,
    announced: list[Decision],
    path: Path,
    policy: dict[str, Any],
    reason: str,
    overruled: str | None,
) -> None:
    """And is written down, without telling Oveit."""
    decision = await make_gate(**policy).read("A1\rB2")
    assert (decision.reason, decision.overruled) == (reason, overruled)
    assert announced == [decision]
    (row,) = journal(path)
    assert (row["state"], row["reason"], row["overruled"]) == ("local", reason, overruled)
    assert server.requests == []


@pytest.mark.parametrize("policy", [{"direction": Direction.EXIT}, {"mode": GateMode.FREE_FLOW}])
async def test_b16_of_an_empty_read_nobody_passes(
    make_gate: Callable[..., Gate], path: Path, policy: dict[str, Any]
) -> None:
    """A reader may send nothing when a tag is taken away."""
    assert (await make_gate(**policy).read(" \r")).reason is Reason.UNREADABLE
    assert journal(path) == []


async def test_b18_a_tag_that_is_sent_twice_is_that_tag(
    make_gate: Callable[..., Gate], ticket: VenueTicket
) -> None:
    """In one read, with what is invisible around it."""
    decision = await make_gate().read("\ufeff5E-35-ED-9A\r5E-35-ED-9A\r\n")
    assert decision.reason is Reason.CHECKED_IN


@pytest.mark.parametrize("credential", [Credential.TICKET, Credential.AUTO])
async def test_b19_a_gate_reads_the_code_in_an_address(
    make_gate: Callable[..., Gate], venue: Venue, credential: Credential
) -> None:
    """As the desk does."""
    ticket = venue.unused(100)[1]
    gate = make_gate(credential=credential)
    decision = await gate.read(f"https://oveit.example/check?code={ticket.code}&by=mail")
    assert (decision.reason, decision.request.ticket_code) == (Reason.CHECKED_IN, ticket.code)


async def test_r11_a_stale_read_is_refused_without_asking(
    make_gate: Callable[..., Gate], ticket: VenueTicket, venue: Venue, server: OveitServer
) -> None:
    """Nobody stands at the door."""
    decision = await make_gate().read(TAG, stale=True)
    assert decision is not None
    assert decision.reason is Reason.STALE_READ
    assert server.requests == []
    assert venue.entries(ticket.code) == 0


@pytest.mark.parametrize(
    ("policy", "reason", "overruled"),
    [
        ({}, Reason.OFFLINE_REFUSED, None),
        ({"direction": Direction.EXIT}, Reason.LEFT, None),
        ({"mode": GateMode.FREE_FLOW}, Reason.OVERRIDE, Reason.OFFLINE_REFUSED),
    ],
)
@pytest.mark.parametrize("credential", Credential)
async def test_i7_x9_a_read_is_decided_on_when_nothing_works(
    make_gate: Callable[..., Gate],
    desk: Desk,
    announced: list[Decision],
    monkeypatch: pytest.MonkeyPatch,
    policy: dict[str, Any],
    reason: Reason,
    overruled: Reason | None,
    credential: Credential,
) -> None:
    """An exit opens, free flow admits, and any other gate refuses."""
    gate = make_gate(credential=credential, tag_format=TagFormat.DECIMAL, **policy)
    for part, name in ((desk, "check_in"), (Ledger, "find"), (Ledger, "on_tag")):
        monkeypatch.setattr(part, name, fail)
    await gate.read("68310696")
    assert [(each.reason, each.overruled) for each in announced] == [(reason, overruled)]


async def test_an_action_gets_the_error_of_the_ledger_unless_nobody_is_refused(
    make_gate: Callable[..., Gate], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is one of the core."""
    monkeypatch.setattr(Ledger, "on_tag", fail)
    gate = make_gate(tag_format=TagFormat.DECIMAL)
    with pytest.raises(LedgerError):
        await gate.ask(rfid_code="68310696")
    gate.mode = GateMode.FREE_FLOW
    assert (await gate.ask(rfid_code="68310696")).admitted


async def test_b12_b13_a_gate_is_closed_by_its_mode_or_the_time_but_an_exit_never(
    desk: Desk, ledger: Ledger, ticket_sync: TicketSync
) -> None:
    """The time is that of the events."""
    event = ticket_sync.followed[100]
    assert event.starts_at is not None
    now = event.starts_at - timedelta(hours=7)

    def make(**settings: Any) -> Gate:
        chosen = GateSettings(name="North", event_ids=frozenset({100}), **settings)
        return Gate(chosen, desk, ledger, lambda: ticket_sync.followed, now=lambda: now)

    gate, leaving = make(within_window=True), make(within_window=True, direction=Direction.EXIT)
    assert gate.is_closed
    assert not make().is_closed
    gate.mode = leaving.mode = GateMode.FREE_FLOW
    assert not gate.is_closed
    now += timedelta(hours=2)
    gate.mode = GateMode.OPEN_FOR_TICKETS
    assert not gate.is_closed
    gate.mode = leaving.mode = GateMode.CLOSED
    assert gate.is_closed
    assert not leaving.is_closed
    assert leaving.mode_now is GateMode.OPEN_FOR_TICKETS


@pytest.mark.parametrize("tag_format", [TagFormat.HEX, TagFormat.DECIMAL])
async def test_r4_r20_in_a_flood_every_read_is_answered_and_few_are_asked_about(
    make_gate: Callable[..., Gate],
    ticket: VenueTicket,
    venue: Venue,
    server: OveitServer,
    announced: list[Decision],
    steps: Steps,
    tag_format: TagFormat,
) -> None:
    """Known tags are decided; of the others one in two seconds, and sooner one that comes again."""
    gate, unknown = make_gate(tag_format=tag_format), list[str]()
    for number in (1, 2, 3):
        venue.pair(venue.unused(100, 234)[4 + number].code, str(0xCC000000 + number))
    for number in (1, 2, 3):
        venue.pair(venue.unused(100, 234)[4 + number].code, f"CC00000{number}")
    await gate.read("CC000003")
    announced.clear()
    gate.on_unknown_tag.add(unknown.append)
    for number in range(20):
        assert not gate.unknown_tags.flooded
        await gate.read(f"BB0000{number:02}")
        await gate.read(f"BB0000{number:02}")
    assert gate.unknown_tags.flooded
    assert len(unknown) == 20
    assert [each.reason for each in announced] == [Reason.UNKNOWN_TAG] * 20
    steps.step(6)
    announced.clear()
    server.forget()
    for tag in ("BB000098", "CC000001", "CC000002", "CC000003"):
        await gate.read(tag)
    assert [each.reason.value for each in announced] == [
        "unknown_tag",
        "too_many_unknown",
        "too_many_unknown",
        "already_checked_in",
    ]
    assert {each.params["rfid_code"] for each in server.requests_to("tickets/scan")}.isdisjoint(
        ("CC000001", "CC000002", str(0xCC000001), str(0xCC000002))
    )
    announced.clear()
    assert (await gate.read("CC000001")).reason is Reason.CHECKED_IN
    assert (await gate.read("CC000002")).reason is Reason.TOO_MANY_UNKNOWN
    steps.step(2)
    assert (await gate.read("CC000002")).reason is Reason.CHECKED_IN
    read = TAG if tag_format is TagFormat.HEX else str(int(TAG, 16))
    assert (await gate.read(read)).reason is Reason.CHECKED_IN
    assert len(announced) == 3
    steps.step(61)
    assert not gate.unknown_tags.flooded


async def test_r4_a_tag_that_lies_on_the_reader_is_counted_once(
    make_gate: Callable[..., Gate], steps: Steps
) -> None:
    """As long as it is the same read."""
    gate = make_gate()
    for _ in range(7):
        await gate.read("BB000001")
        steps.step(4)
    assert gate.unknown_tags.count == 1


async def test_x5_three_refusals_of_a_turnstile_are_reported_and_one_admission_ends_it(
    make_gate: Callable[..., Gate], venue: Venue, server: OveitServer
) -> None:
    """Oveit says only in words that an account has no turnstile."""
    server.behaviour.turnstile = False
    gate, refuses = make_gate(turnstile=True, credential=Credential.TICKET), list[bool]()
    gate.on_turnstile.add(refuses.append)
    tickets = venue.unused(100, 234)
    for ticket in tickets[1:5]:
        assert refuses == [True] * (ticket is tickets[4])
        await gate.read(ticket.code)
    server.behaviour.turnstile = True
    await gate.read(tickets[5].code)
    assert refuses == [True, False]


def test_a_rehearsal_ends_by_itself() -> None:
    """After an hour, or earlier when less of it was left."""
    now = datetime(2026, 10, 10, 18, tzinfo=UTC)
    rehearsal = Rehearsal(lambda: now)
    assert not rehearsal.is_on
    rehearsal.start(now + timedelta(hours=3))
    assert rehearsal.until == now + timedelta(hours=1)
    rehearsal.start(now + timedelta(minutes=5))
    now += timedelta(minutes=5)
    assert not rehearsal.is_on
    rehearsal.start()
    assert rehearsal.is_on
    rehearsal.stop()
    assert not rehearsal.is_on


@pytest.mark.parametrize(
    ("seconds", "code", "is_echo"),
    [(0, "A", True), (4.9, "A", True), (5, "A", False), (0, "B", False)],
)
def test_r11_a_reader_that_comes_back_sends_its_last_read_again(
    steps: Steps, seconds: float, code: str, is_echo: bool
) -> None:
    """Within five seconds, and of its own reads only."""
    reads = LastReads(steps)
    assert not reads.is_echo("one", "A")
    assert not reads.is_echo("two", "B")
    reads.note_back("one")
    steps.step(seconds)
    assert not reads.is_echo("two", "B")
    assert reads.is_echo("one", code) is is_echo


@pytest.mark.parametrize(
    ("after", "code", "is_echo"),
    [(0, "A", True), (299, "A", True), (300, "A", False), (0, "B", False)],
)
def test_c30_a_reader_sends_its_last_read_again_after_a_restart(
    steps: Steps, after: float, code: str, is_echo: bool
) -> None:
    """Its first read within five minutes may be that; what comes later is a guest."""
    reads = LastReads(steps)
    reads.restore({"one": digest_of("A"), "two": digest_of("C")})
    steps.step(after)
    assert reads.is_echo("one", code) is is_echo
    assert reads.is_echo("one", code) is is_echo
    steps.step(6)
    assert not reads.is_echo("one", "A")
    assert not reads.is_echo("three", "C")


def test_c30_a_reader_that_was_away_at_the_restart_sends_its_last_read_again(
    steps: Steps,
) -> None:
    """However long after that it comes back."""
    reads = LastReads(steps)
    reads.restore({"one": digest_of("A")})
    steps.step(3600)
    reads.note_back("one")
    assert reads.is_echo("one", "A")


def test_c30_what_is_known_of_this_run_counts(steps: Steps) -> None:
    """A gate that is loaded again expects no echo."""
    reads = LastReads(steps)
    assert not reads.is_echo("one", "A")
    reads.restore({"one": digest_of("A")})
    assert not reads.is_echo("one", "A")


def test_r11_after_another_read_the_reader_is_as_always(steps: Steps) -> None:
    """The first guest may come back."""
    reads = LastReads(steps)
    reads.is_echo("one", "A")
    reads.note_back("one")
    assert not reads.is_echo("one", "B")
    assert not reads.is_echo("one", "A")


@pytest.mark.parametrize("gate_first", [True, False])
@pytest.mark.parametrize("asked", ["", "north", "south"])
@pytest.mark.parametrize("gap", [4.9, 5])
def test_d8_five_reads_that_come_both_ways_are_a_double_binding(
    steps: Steps, gate_first: bool, asked: str, gap: float
) -> None:
    """Within an hour, moments apart, and not where the action was for another gate."""
    found: list[str] = []
    bindings = DoubleBindings(found.append, steps)
    for number in range(5):
        if gate_first:
            bindings.note_gate("north", f"AA-00-00-0{number}")
        else:
            bindings.note_action(f"aa00000{number}", asked)
        steps.step(gap)
        if gate_first:
            bindings.note_action(f"aa00000{number}", asked)
        else:
            bindings.note_gate("north", f"AA-00-00-0{number}")
    assert found == ["north"] * (asked != "south" and gap < 5)


def test_every_setting_is_read_from_what_is_stored_and_asked_of_the_desk() -> None:
    """Whatever is missing or empty is as by default."""
    plain = GateSettings.load("North", {"event_type": "", "code_field": None})
    assert plain == GateSettings(name="North") == GateSettings.load("North", DEFAULTS)
    assert plain.request(rfid_code=TAG) == Request(rfid_code=TAG, gate="North")

    stored = {
        "events": [100],
        "ticket_types": ["234"],
        "addon_id": 8,
        "direction": "exit",
        "deadline": 1,
        "offline": "refuse",
        "re_entry": ReEntry.ASK_OVEIT.value,
        "several": "all",
        "require_main_entry": True,
        "turnstile": True,
        "within_window": True,
        "max_list_age": 48,
    }
    assert GateSettings.load("North", stored).request(ticket_code="a", scan_id="s") == Request(
        ticket_code="a",
        scan_id="s",
        gate="North",
        event_ids=frozenset({100}),
        ticket_type_ids=frozenset({234}),
        addon_id=8,
        direction=Direction.EXIT,
        deadline=1.0,
        offline=OfflinePolicy.REFUSE,
        re_entry=True,
        several=Several.ALL,
        require_main_entry=True,
        turnstile=True,
        within_window=True,
        max_list_age=timedelta(hours=48),
    )


def test_diagnostics_hold_every_setting_and_no_name() -> None:
    """No device, no event type, no name."""
    stored = {"readers": ["device"], "event_type": "esphome.bar", "code_field": "uid"}
    described = GateSettings.load("North", stored | {"events": [2, 1]}).describe()
    assert set(described) == set(DEFAULTS)
    assert (described["readers"], described["events"]) == (1, [1, 2])
    for secret in ("device", "esphome", "uid", "North"):
        assert secret not in str(described)
