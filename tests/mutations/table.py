"""The mistakes: a name, the text in a file of the core that is replaced, and the tests."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
CORE: Final = "custom_components/oveit/core"


@dataclass(frozen=True, slots=True)
class Mutation:
    """A mistake that one of the tests must notice; its `file` is one of the core."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def apply(self) -> str:
        """Return the file's text with the mistake; raises ValueError when it does not fit."""
        text = (ROOT / CORE / self.file).read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: the text is not once in {self.file}:\n{self.old}")
        return text.replace(self.old, self.new)


POWER_CUT: Final = (
    "tests/crash/test_power_cut.py::test_i1_what_was_answered_survives_a_power_cut",
)


def _core(*names: str) -> tuple[str, ...]:
    """Return tests of the core."""
    return tuple(f"tests/core/test_{name}" for name in names)


MUTATIONS: Final = (
    Mutation(
        "move_without_compare",
        "ledger/journal.py",
        "    where = _row(row.ref) & journal.c.state.in_(sources)\n",
        "    where = _row(row.ref)\n",
        _core("promises.py::test_a_row_that_has_ended_does_not_begin_again"),
    ),
    Mutation(
        "slots_not_unique",
        "ledger/schema.py",
        "    journal.c.slot,\n    unique=True,\n",
        "    journal.c.slot,\n",
        _core("promises.py::test_i4_a_use_that_is_taken_is_not_given_again"),
    ),
    Mutation(
        "in_flight_rows_free_for_all",
        "ledger/journal.py",
        "IN_FLIGHT = is_running(journal.c.in_flight_until, MOST_IN_FLIGHT)"
        " & (journal.c.state == S.ASKING)\n",
        "IN_FLIGHT = false()\n",
        _core("rows_basic.py::test_two_check_ins_of_one_ticket_at_once_admit_one_guest"),
    ),
    Mutation(
        "commits_do_not_wait_for_the_disk",
        "ledger/sqlite/file.py",
        "            nullcontext() if durable else engine.without_sync(connection),\n",
        "            engine.without_sync(connection),\n",
        POWER_CUT,
    ),
    Mutation(
        "new_connections_do_not_wait",
        "ledger/sqlite/engine.py",
        '    "PRAGMA synchronous=FULL",\n',
        '    "PRAGMA synchronous=NORMAL",\n',
        _core("journal.py::test_i1_commits_wait_for_the_disk"),
    ),
    Mutation(
        "commits_never_wait_again",
        "ledger/sqlite/engine.py",
        '        _raw(connection).execute("PRAGMA synchronous=FULL")\n',
        "        pass\n",
        POWER_CUT,
    ),
    Mutation(
        "confirmed_in_memory_only",
        "ledger/ledger.py",
        "ticket=ticket, answer=answer)\n        return await self.run(How.KEEP, write,",
        "ticket=ticket, answer=answer)\n        return await self.run(How.WRITE, write,",
        POWER_CUT,
    ),
    Mutation(
        "moved_in_memory_only",
        "ledger/ledger.py",
        "        return await self.run(How.KEEP, write, undo=undo)\n",
        "        return await self.run(How.WRITE, write, undo=undo)\n",
        POWER_CUT,
    ),
    Mutation(
        "admitted_offline_in_memory_only",
        "desk/entry.py",
        "            durable=not case.online,\n",
        "            durable=False,\n",
        POWER_CUT,
    ),
    Mutation(
        "answered_before_it_is_written",
        "desk/entry.py",
        "        fresh = await case.ledger.settle(\n"
        "            row, admitted=reason.admits, ticket=ticket,"
        " answer=self._lookup.ours(answer, ticket)\n"
        "        )\n",
        "        fresh = ticket\n"
        "        self._unawaited = asyncio.ensure_future(case.ledger.settle(\n"
        "            row, admitted=reason.admits, ticket=ticket,"
        " answer=self._lookup.ours(answer, ticket)\n"
        "        ))\n",
        _core("rows_basic.py::test_b1_the_admission_is_on_disk_before_the_answer_is_given"),
    ),
    Mutation(
        "conflict_not_reported",
        "settling/settling.py",
        "            self._on_conflict(ended)\n",
        "            pass\n",
        _core("rows_transport.py::test_t2_a_late_refusal_of_a_guest_who_is_in_is_a_conflict"),
    ),
    Mutation(
        "conflict_confirmed",
        "settling/settling.py",
        "            RowState.REJECTED,\n            cause=cause,\n",
        "            RowState.CONFIRMED,\n            cause=cause,\n",
        _core("rows_transport.py::test_t2_a_late_refusal_of_a_guest_who_is_in_is_a_conflict"),
    ),
    Mutation(
        "sent_again_without_reading_back",
        "settling/settling.py",
        "        if row.state is RowState.IN_DOUBT:\n"
        "            return await self._settle_doubt(row)\n",
        "",
        _core(
            "rows_transport.py"
            "::test_t3_a_check_in_whose_answer_was_lost_is_read_back_and_not_sent_again"
        ),
    ),
    Mutation(
        "lease_ignored",
        "ledger/journal.py",
        "journal.c.state.in_(WAITING), ~IN_FLIGHT, ~is_held)\n",
        "journal.c.state.in_(WAITING), ~IN_FLIGHT)\n",
        _core(
            "promises.py::test_m5_a_row_that_another_uploads_is_left_to_it_until_its_lease_expires"
        ),
    ),
    Mutation(
        "guest_admitted_by_a_row_twice",
        "ledger/journal.py",
        "    free = _row(row.ref) & journal.c.admitted.is_(False)\n    known = {",
        "    free = _row(row.ref)\n    known = {",
        _core("promises.py::test_t4_only_one_guest_comes_in_by_a_row_that_was_sent"),
    ),
    Mutation(
        "void_row_keeps_its_slot",
        "ledger/journal.py",
        '        stored |= {"slot": None, "admitted": False}\n',
        '        stored |= {"admitted": False}\n',
        _core("journal.py::test_a_void_row_claims_nothing_and_its_number_is_not_used_again"),
    ),
    Mutation(
        "migration_skips_a_column",
        "ledger/migrations.py",
        "        message,\n        CASE WHEN NOT is_cause",
        "        NULL,\n        CASE WHEN NOT is_cause",
        _core("promises.py::test_c21_every_column_of_the_release_before_is_migrated"),
    ),
    Mutation(
        "ledger_without_deadline",
        "ledger/sqlite/file.py",
        "                async with asyncio.timeout_at(until):\n",
        "                async with asyncio.timeout_at(None):\n",
        _core("promises.py::test_t17_a_guest_does_not_wait_behind_a_write_that_is_stuck"),
    ),
    Mutation(
        "late_admission_not_withdrawn",
        "ledger/sqlite/file.py",
        "                if undo is not None:\n",
        "                if undo is None:\n",
        _core("promises.py::test_t17_an_admission_that_was_written_too_late_is_withdrawn"),
    ),
    Mutation(
        "generation_ignored",
        "ledger/ledger.py",
        "        if is_other or is_older:\n",
        "        if is_other:\n",
        _core("promises.py::test_c23_what_an_older_copy_has_to_send_is_read_back_first"),
    ),
    Mutation(
        "set_aside_and_forgotten",
        "ledger/ledger.py",
        "            await ledger._adopt()\n",
        "",
        _core("promises.py::test_c24_the_rows_of_a_ledger_that_was_set_aside_are_adopted_once"),
    ),
    Mutation(
        "anything_truthy_is_a_yes",
        "client/replies.py",
        "    if not isinstance(ok, bool) and not error:\n"
        '        raise OveitResponseError("Oveit\'s reply is neither a yes nor a no")\n'
        "    ticket = _answered_ticket(reply)\n"
        "    yes = ok is True and not error\n",
        "    ticket = _answered_ticket(reply)\n    yes = bool(ok) and not error\n",
        _core("api.py::test_i5_what_is_not_understood_is_never_a_yes"),
    ),
    Mutation(
        "answer_about_another_ticket_accepted",
        "client/replies.py",
        "    if answer.ticket and answer.ticket.code.lower() != trim(code).lower():\n",
        "    if False:\n",
        _core("desk.py::test_an_answer_about_another_ticket_is_none"),
    ),
    Mutation(
        "two_entries_allowed",
        "decision.py",
        "    if ticket.checked_in and not request.re_entry:\n",
        "    if False:\n",
        _core("decision.py::test_what_is_known_gives_one_reason"),
    ),
    Mutation(
        "late_yes_for_nobody_is_a_conflict",
        "settling/settling.py",
        "        elif not now.admitted:\n",
        "        elif not now.admitted and not answer.ok:\n",
        _core("promises.py::test_c28_a_late_yes_for_a_guest_who_was_not_let_in_is_no_conflict"),
    ),
    Mutation(
        "undone_use_still_counts",
        "ledger/tickets.py",
        "    left = without(listed, undone)\n",
        "    left = listed\n",
        _core(
            "rows_stewards.py::test_s4_an_undone_admission_is_admitted_again_without_a_second_check_in"
        ),
    ),
    Mutation(
        "undone_row_is_sent",
        "ledger/journal.py",
        "    unsent = (journal.c.state == S.PENDING) & (journal.c.attempts == 0)\n",
        "    unsent = false()\n",
        _core("rows_stewards.py::test_s4_what_oveit_never_heard_of_is_never_sent"),
    ),
    Mutation(
        "undone_read_is_repeated",
        "desk/desk.py",
        "        self._reads.forget(codes)\n",
        "",
        _core("rows_stewards.py::test_s4_a_tag_is_undone_by_its_code_and_comes_in_again"),
    ),
    Mutation(
        "override_after_undo_is_sent_again",
        "desk/entry.py",
        "        if not await self._claim_for_override(case, row):\n",
        "        if True:\n",
        _core(
            "rows_stewards.py::test_s4_whoever_is_let_in_by_a_steward_after_an_undo_is_sent_once"
        ),
    ),
    Mutation(
        "undone_twice",
        "ledger/journal.py",
        "    is_admission = _row(row.ref) & journal.c.admitted &"
        " (journal.c.direction == Direction.ENTRY)\n",
        "    is_admission = _row(row.ref)\n",
        _core("rows_stewards.py::test_s4_an_admission_is_undone_once"),
    ),
)
