"""An administrator may overrule a refusal by words, where the organizer lets that happen."""

from contextlib import closing
from sqlite3 import connect

from homeassistant.core import Context, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.oveit.assist.phrases import async_get_phrasebooks
from demo.oveit_server import OveitServer
from demo.venue import Venue, VenueTicket
from tests.common import act, set_options
from tests.test_llm import call, tools
from tests.voice import LANGUAGES, allow_override, allow_voice, ask, start_assist, told

VIP = 235

ANYWAY = {
    "en": "Let ticket {code} in anyway",
    "de": "Lass das Ticket {code} trotzdem rein",
    "es": "Deja pasar la entrada {code} de todos modos",
    "fr": "Laisse passer le billet {code} quand même",
    "ja": "チケット{code}を特別に入場させてください",
    "nl": "Laat het ticket {code} toch binnen",
}


@pytest.fixture
async def assist(hass: HomeAssistant, loaded: MockConfigEntry) -> MockConfigEntry:
    """Return the entry, with Assist set up."""
    await start_assist(hass)
    return loaded


@pytest.fixture
def used(venue: Venue) -> VenueTicket:
    """Return a VIP's ticket that was used."""
    return next(ticket for ticket in venue.used(100) if ticket.ticket_type_id == VIP)


@pytest.fixture
def administrator(hass_admin_user: MockUser) -> Context:
    """Return the words of an administrator."""
    return Context(user_id=hass_admin_user.id)


async def overrides(entry: MockConfigEntry) -> list[tuple[str, str | None, str | None, str | None]]:
    """Return what the journal has of overrides: code, gate, note, and who."""
    statement = "SELECT code, gate, note, user_id FROM journal WHERE reason = 'override'"
    with closing(connect(entry.runtime_data.ledger_watch._path)) as connection:
        return connection.execute(statement).fetchall()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_is_off_at_first_also_where_voice_may_act(
    hass: HomeAssistant,
    assist: MockConfigEntry,
    used: VenueTicket,
    administrator: Context,
    language: str,
) -> None:
    """Whoever asks is refused, in words."""
    phrases = (await async_get_phrasebooks(hass))[language]
    await allow_voice(hass, assist)
    sentence = ANYWAY[language].format(code=used.code)
    response = await ask(hass, sentence, language, administrator)
    assert response["speech"]["plain"]["speech"] == phrases.say("override_not_allowed")
    assert await overrides(assist) == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_administrator_is_heard(
    hass: HomeAssistant,
    assist: MockConfigEntry,
    used: VenueTicket,
    administrator: Context,
    language: str,
) -> None:
    """The journal keeps who it was, and that it came by voice; said again, it is done once."""
    phrases = (await async_get_phrasebooks(hass))[language]
    await allow_override(hass, assist)
    sentence = ANYWAY[language].format(code=used.code)
    for _ in range(2):
        response = await ask(hass, sentence, language, administrator)
        assert response["speech"]["plain"]["speech"] == phrases.say("overridden", type="VIP")
    assert await overrides(assist) == [(used.code, "Assist", "By voice", administrator.user_id)]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_who_is_no_administrator_or_not_known_is_refused(
    hass: HomeAssistant,
    assist: MockConfigEntry,
    used: VenueTicket,
    hass_read_only_user: MockUser,
    language: str,
) -> None:
    """A guest beside a voice assistant is nobody that it knows."""
    phrases = (await async_get_phrasebooks(hass))[language]
    await allow_override(hass, assist)
    sentence = ANYWAY[language].format(code=used.code)
    for user_id in (None, "somebody who left", hass_read_only_user.id):
        response = await ask(hass, sentence, language, Context(user_id=user_id))
        assert response["speech"]["plain"]["speech"] == phrases.say("not_administrator")
    assert await overrides(assist) == []


async def test_the_organizer_turns_it_on_in_the_options(
    hass: HomeAssistant, assist: MockConfigEntry, used: VenueTicket, administrator: Context
) -> None:
    """With a switch of its own: voice may still not check in."""
    await set_options(hass, assist, "voice", allow_voice_override=True)
    assert assist.options["allow_voice_override"] is True
    said = await ask(hass, ANYWAY["en"].format(code=used.code), context=administrator)
    assert said["speech"]["plain"]["speech"] == "Admitted by staff: VIP."
    assert "turned off" in await told(hass, f"check in ticket {used.code}")


async def test_an_administrator_who_was_locked_out_is_refused(
    hass: HomeAssistant, assist: MockConfigEntry, used: VenueTicket, hass_admin_user: MockUser
) -> None:
    """As soon as that is done."""
    await allow_override(hass, assist)
    hass_admin_user.is_active = False
    context = Context(user_id=hass_admin_user.id)
    said = await ask(hass, ANYWAY["en"].format(code=used.code), context=context)
    assert said["speech"]["plain"]["speech"].startswith("Only an administrator")
    assert await overrides(assist) == []


async def test_a_code_that_nobody_knows_may_be_misheard(
    hass: HomeAssistant, assist: MockConfigEntry, server: OveitServer, administrator: Context
) -> None:
    """So it admits nobody, with a line or without; the action does."""
    await allow_override(hass, assist)
    said = await ask(hass, ANYWAY["en"].format(code="n0b0dy"), context=administrator)
    assert said["speech"]["plain"]["speech"] == "Not checked in: nobody knows this ticket."
    await server.hang_up()
    said = await ask(hass, ANYWAY["en"].format(code="n0b0dy"), context=administrator)
    assert said["speech"]["plain"]["speech"].startswith("I could not find out")
    assert await overrides(assist) == []
    decision = await act(hass, "override", ticket_code="n0b0dy", note="Showed the mail")
    assert decision["reason"] == "override"
    await server.pick_up()


async def test_a_ticket_of_an_event_that_is_not_followed_stays_out(
    hass: HomeAssistant, assist: MockConfigEntry, venue: Venue, administrator: Context
) -> None:
    """It would count for no event."""
    await allow_override(hass, assist)
    followed = assist.runtime_data.data
    other = next(each for each in venue.tickets.values() if each.event_id not in followed)
    said = await ask(hass, ANYWAY["en"].format(code=other.code), context=administrator)
    assert said["speech"]["plain"]["speech"].startswith("Not checked in")
    assert await overrides(assist) == []


async def test_without_a_line_an_override_waits_for_oveit(
    hass: HomeAssistant,
    assist: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    administrator: Context,
) -> None:
    """The list knows the ticket."""
    await allow_override(hass, assist)
    ticket = venue.unused(100, VIP)[0]
    await server.hang_up()
    said = await ask(hass, ANYWAY["en"].format(code=ticket.code), context=administrator)
    assert said["speech"]["plain"]["speech"] == "Admitted by staff: VIP."
    await server.pick_up()
    await act(hass, "sync")
    assert venue.entries(ticket.code) == 1


async def test_a_model_gets_the_tool_with_the_option_and_needs_an_administrator(
    hass: HomeAssistant, assist: MockConfigEntry, used: VenueTicket, administrator: Context
) -> None:
    """The journal tells a model's words from a person's."""
    await allow_voice(hass, assist)
    assert "oveit__override" not in await tools(hass)
    await allow_override(hass, assist)
    tool = (await tools(hass))["oveit__override"]
    assert tool.annotations.destructive
    why = "Lost the wristband"
    refused = await call(hass, "oveit__override", code=used.code, why=why)
    assert refused.error
    assert "Only an administrator" in str(refused.data)
    result = await call(hass, "oveit__override", administrator, code=used.code, why=why)
    assert result.data["admitted"] is True
    assert result.data["reason"] == "override"
    note = "By a language model: Lost the wristband"
    assert await overrides(assist) == [(used.code, "Assist", note, administrator.user_id)]
    assert used.code not in str(result.data)


async def test_a_model_is_told_that_nobody_knows_a_code(
    hass: HomeAssistant, assist: MockConfigEntry, administrator: Context
) -> None:
    """And admits nobody."""
    await allow_override(hass, assist)
    result = await call(hass, "oveit__override", administrator, code="n0b0dy", why="Says so")
    assert (result.data["admitted"], result.data["reason"]) == (False, "unknown_ticket")
    assert await told(hass, "has ticket n0b0dy been checked in") == "Nobody knows this ticket."
