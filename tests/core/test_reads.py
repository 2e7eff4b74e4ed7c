"""The reads of the last seconds: joined, repeated, and forgotten."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from custom_components.oveit.core.desk import reads as reads_module
from custom_components.oveit.core.desk.reads import Reads
from custom_components.oveit.core.exceptions import OveitConnectionError, OveitError
from custom_components.oveit.core.models import Decision, Direction, Reason, Request, Source
from tests.core.unknowns import Steps

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
READ = Request(ticket_code="abc", gate="North")


class Decider:
    """Decides as it is told, and counts."""

    def __init__(self) -> None:
        self.reason = Reason.CHECKED_IN
        self.takes = 0.0
        self.error: Exception | None = None
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Decision:
        """Decide."""
        self.asked.append(request)
        await asyncio.sleep(self.takes)
        if self.error:
            raise self.error
        return Decision(
            reason=self.reason,
            source=Source.OVEIT,
            request=request,
            at=NOON,
            latency=0.1,
            scan_id=request.scan_id or f"own-{len(self.asked)}",
        )


@pytest.fixture
def decide() -> Decider:
    """Return what decides."""
    return Decider()


@pytest.fixture
def reads(steps: Steps) -> Reads:
    """Return a memory by the stepping clock."""
    return Reads(steps)


@pytest.mark.parametrize(
    "other",
    [
        replace(READ, ticket_code="abd"),
        replace(READ, ticket_code=None, rfid_code="abc"),
        replace(READ, addon_id=8),
        replace(READ, direction=Direction.EXIT),
        replace(READ, gate="South"),
    ],
)
async def test_another_guest_purpose_or_gate_is_another_read(
    reads: Reads, decide: Decider, other: Request
) -> None:
    """Only what is the same in all this is repeated."""
    await reads.once(READ, decide)

    assert (await reads.once(other, decide)).reason is Reason.CHECKED_IN
    assert decide.asked == [READ, other]


@pytest.mark.parametrize(
    ("first", "second"), [(None, "North"), ("North", None), (None, None), ("North", "North")]
)
async def test_a_read_that_names_no_gate_is_the_same_at_any(
    reads: Reads, decide: Decider, first: str | None, second: str | None
) -> None:
    """D8: an automation that names none repeats the gate's own read."""
    await reads.once(replace(READ, gate=first), decide)

    decision = await reads.once(replace(READ, gate=second), decide)

    assert decision.reason is Reason.REPEAT
    assert decision.request.gate == second
    assert (decision.latency, decision.source) == (0, Source.OVEIT)
    assert decision.at > NOON
    assert len(decide.asked) == 1


@pytest.mark.parametrize(
    ("seconds", "asked"),
    [([0, 4.9], 1), ([0, 5], 2), ([0, 4, 4, 4], 1), ([0] + [4] * 7, 1), ([0] + [4] * 8, 2)],
)
async def test_a_read_lasts_five_seconds_from_the_last_and_thirty_in_all(
    reads: Reads, decide: Decider, steps: Steps, seconds: list[float], asked: int
) -> None:
    """R10: as long as a tag lies there, but no longer than half a minute."""
    for gap in seconds:
        steps.step(gap)
        await reads.once(READ, decide)

    assert len(decide.asked) == asked


async def test_five_seconds_begin_with_the_answer(
    reads: Reads, decide: Decider, steps: Steps
) -> None:
    """A guest who waited long is still the same guest a moment later."""
    decide.takes = 0.02
    first = asyncio.create_task(reads.once(READ, decide))
    await asyncio.sleep(0)
    steps.step(20)
    await first
    steps.step(4)

    assert (await reads.once(READ, decide)).reason is Reason.REPEAT


@pytest.mark.parametrize("reason", [Reason.ALREADY_CHECKED_IN, Reason.UNKNOWN_TAG, Reason.LEFT])
async def test_a_refusal_stays_what_it_was(reads: Reads, decide: Decider, reason: Reason) -> None:
    """D2: the word is the same; whoever was admitted or left is told as a repeat."""
    decide.reason = reason
    await reads.once(READ, decide)

    decision = await reads.once(READ, decide)

    assert decision.reason is (Reason.REPEAT if reason.admits else reason)


async def test_what_failed_is_not_remembered(reads: Reads, decide: Decider) -> None:
    """An error is for those who waited, not for the next."""
    decide.takes, decide.error = 0.01, OveitError("No")
    outcomes = await asyncio.gather(
        *(reads.once(READ, decide) for _ in range(3)), return_exceptions=True
    )
    assert outcomes == [decide.error] * 3

    decide.error = None
    assert (await reads.once(READ, decide)).reason is Reason.CHECKED_IN
    assert len(decide.asked) == 2


async def test_a_failure_that_nobody_waits_for_is_forgotten_as_well(
    reads: Reads, decide: Decider, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller was cancelled, then the decision failed: the next read is new."""
    decide.takes, decide.error = 0.02, OveitError("No")
    caller = asyncio.create_task(reads.once(READ, decide))
    await asyncio.sleep(0)
    caller.cancel()
    await reads.wait()

    decide.error = None
    assert (await reads.once(READ, decide)).reason is Reason.CHECKED_IN


async def test_whoever_joins_waits_no_longer_than_their_own_deadline(
    reads: Reads, decide: Decider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I9: an impatient second caller gets an error, and the first its decision."""
    monkeypatch.setattr(reads_module, "PATIENCE", 0.01)
    decide.takes = 0.2
    first = asyncio.create_task(reads.once(READ, decide))
    await asyncio.sleep(0)

    with pytest.raises(OveitConnectionError):
        await reads.once(replace(READ, deadline=0.02), decide)

    assert (await first).reason is Reason.CHECKED_IN


async def test_waiting_is_for_all_reads_under_way_or_for_some_time(
    reads: Reads, decide: Decider
) -> None:
    """Nothing under way is no wait at all."""
    await reads.wait()
    decide.takes = 0.1
    first = asyncio.create_task(reads.once(READ, decide))
    await asyncio.sleep(0)

    await reads.wait(0.01)
    assert not first.done()
    await reads.wait()
    await asyncio.sleep(0)

    assert first.done()


async def test_d9_the_same_scan_is_the_same_decision_long_after(
    reads: Reads, decide: Decider, steps: Steps
) -> None:
    """A scan's name outlives the five seconds, for the same code only."""
    named = replace(READ, scan_id="s-1")
    first = await reads.once(named, decide)
    steps.step(3600)

    assert await reads.once(named, decide) is first
    other = await reads.once(replace(named, ticket_code="abd"), decide)
    assert (other.reason, len(decide.asked)) == (Reason.CHECKED_IN, 2)


async def test_d9_only_the_last_scans_are_remembered(
    decide: Decider, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A house that runs for months does not fill its memory."""
    monkeypatch.setattr(reads_module, "KEPT_SCANS", 3)
    reads = Reads(steps)
    scans = [replace(READ, ticket_code=str(number), scan_id=f"s-{number}") for number in range(5)]
    for scan in scans:
        await reads.once(scan, decide)
        steps.step()

    for scan in reversed(scans):
        await reads.once(scan, decide)
    assert decide.asked == [*scans, scans[1], scans[0]]


async def test_a_tag_that_lies_on_a_reader_for_hours_is_decided_now_and_then(
    reads: Reads, decide: Decider, steps: Steps
) -> None:
    """Every half a minute, and each decision is repeated until the next."""
    for _ in range(100):
        steps.step(4)
        await reads.once(READ, decide)

    assert len(decide.asked) == 13


@pytest.mark.parametrize("gate", [None, "North"])
async def test_what_was_decided_on_a_tag_is_forgotten_when_it_is_paired(
    reads: Reads, decide: Decider, gate: str | None
) -> None:
    """The next read is a new one; of other tags, what was decided is repeated."""
    tag = Request(rfid_code="AA000001", gate=gate)
    other = replace(tag, rfid_code="AA000002")
    for request in (tag, other):
        await reads.once(request, decide)
        await asyncio.sleep(0)

    reads.forget({"AA000001"})

    assert (await reads.once(tag, decide)).reason is Reason.CHECKED_IN
    assert (await reads.once(other, decide)).reason is Reason.REPEAT


async def test_of_reads_at_several_gates_the_newest_is_repeated_where_none_is_named(
    reads: Reads, decide: Decider
) -> None:
    """D8: whichever gate the guest came to last."""
    await reads.once(READ, decide)
    decide.reason = Reason.ALREADY_CHECKED_IN
    await reads.once(replace(READ, gate="South"), decide)

    decision = await reads.once(replace(READ, gate=None), decide)

    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert len(decide.asked) == 2


async def test_x9_who_was_refused_before_free_flow_is_decided_anew_once(
    reads: Reads, decide: Decider
) -> None:
    """Then the admission is repeated."""
    decide.reason = Reason.ALREADY_CHECKED_IN
    await reads.once(READ, decide)
    decide.reason = Reason.OVERRIDE
    free = replace(READ, free_flow=True)

    reasons = [(await reads.once(free, decide)).reason for _ in range(2)]

    assert reasons == [Reason.OVERRIDE, Reason.REPEAT]


async def test_a_guest_who_failed_after_long_is_decided_anew(
    reads: Reads, decide: Decider, steps: Steps
) -> None:
    """What failed is no decision; others who come in the meantime change nothing in that."""
    decide.takes, decide.error = 0.02, OveitError("broken")
    first = asyncio.create_task(reads.once(READ, decide))
    await asyncio.sleep(0)
    steps.step(60)
    decide.takes, decide.error = 0, None
    await reads.once(replace(READ, ticket_code="abd"), decide)
    decide.error = OveitError("broken")
    with pytest.raises(OveitError):
        await first
    decide.error = None

    assert (await reads.once(READ, decide)).reason is Reason.CHECKED_IN


@pytest.mark.parametrize("codes", [["abc"], ["abd"], ["abd", "abc"]])
async def test_a_read_in_the_very_turn_in_which_another_fails_is_decided_anew(
    reads: Reads, decide: Decider, codes: list[str]
) -> None:
    """A failure is told to nobody else, and what is remembered stays whole."""
    failing = asyncio.get_running_loop().create_future()
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, failure: failures.append(failure))

    async def fail(_: Request) -> Decision:
        await failing
        raise AssertionError

    first = asyncio.create_task(reads.once(READ, fail))
    await asyncio.sleep(0)
    failing.set_exception(OveitError("broken"))
    others = [
        asyncio.create_task(reads.once(replace(READ, ticket_code=code), decide)) for code in codes
    ]

    with pytest.raises(OveitError):
        await first
    assert [(await other).reason for other in others] == [Reason.CHECKED_IN] * len(codes)
    assert failures == []


@pytest.mark.parametrize("deadline", [0.5, 0.05])
async def test_i9_who_waited_for_a_refusal_before_free_flow_has_only_the_rest_of_the_time(
    decide: Decider, deadline: float
) -> None:
    """A guest waits once, and not for two decisions, nor for the ledger twice."""
    reads = Reads(Steps())
    decide.reason, decide.takes = Reason.ALREADY_CHECKED_IN, 0.2
    first = asyncio.create_task(reads.once(READ, decide))
    await asyncio.sleep(0)
    decide.takes = 0.0

    await reads.once(replace(READ, free_flow=True, deadline=deadline), decide)
    await first

    assert decide.asked[1].deadline <= deadline - 0.19
