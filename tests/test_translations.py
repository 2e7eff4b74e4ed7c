"""Every language says what English says."""

import logging
import re

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
import pytest

from custom_components.oveit.const import DOMAIN
from tests.package import FOLDER, leaves, placeholders, read_json

ENGLISH = leaves(read_json("translations/en.json"))
LANGUAGES = ("de", "es", "fr", "ja", "nl")
NAMES = {"Hex", "Home Assistant", "Oveit", "Webhook"}
SHARED_WORDS = {
    "de": {"Check-in", "Name", "Problem", "Tickets", "Token"},
    "es": {"Token"},
    "fr": {"Mode", "Note", "Options"},
    "ja": set[str](),
    "nl": {
        "Account",
        "Accounts",
        "Check-in",
        "Conflict",
        "E-mail",
        "Tags",
        "Tickets",
        "Token",
        "check-ins",
        "tickets",
        "tickets/min",
    },
}


def texts_of(language: str) -> dict[str, str]:
    """Return all texts of a language by their paths."""
    return leaves(read_json(f"translations/{language}.json"))


def codes(text: str) -> list[str]:
    """Return what is written as code or is meant to be typed: never translated."""
    pattern = r"`[^`]+`|\b[a-z]+_[a-z_]+\b|\besphome\.\w+|https://"
    return sorted(re.findall(pattern, text, re.ASCII))


def test_the_same_languages_are_spoken_everywhere() -> None:
    """In the forms, by voice and on the cards."""
    cards = FOLDER.parents[1] / "frontend" / "src" / "texts"
    for files in (
        FOLDER.joinpath("translations").iterdir(),
        FOLDER.joinpath("sentences").iterdir(),
        cards.iterdir(),
    ):
        assert sorted(file.stem for file in files) == sorted({"en", *LANGUAGES})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_and_none_is_left_over(language: str) -> None:
    """In the order of English."""
    assert list(texts_of(language)) == list(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_placeholder_is_kept(language: str) -> None:
    """Home Assistant falls back to English where one differs."""
    for path, text in texts_of(language).items():
        assert placeholders(text) == placeholders(ENGLISH[path]), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    """But for names, and words that both languages have."""
    same = set()
    for path, text in texts_of(language).items():
        assert text, path
        assert text == text.strip(), path
        if text == ENGLISH[path]:
            same.add(text)
    assert same <= NAMES | SHARED_WORDS[language]
    assert same >= SHARED_WORDS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_typed_and_how_it_is_set_stays(language: str) -> None:
    """Codes, paragraphs and emphasis."""
    for path, text in texts_of(language).items():
        english = ENGLISH[path]
        assert codes(text) == codes(english), path
        assert text.count("\n") == english.count("\n"), path
        assert text.count("**") == english.count("**"), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_that_points_at_another_names_it_as_it_is_called(language: str) -> None:
    """An action, a trigger or a field, in emphasis."""
    texts = texts_of(language)
    called: dict[str, set[str]] = {}
    for path, english in ENGLISH.items():
        called.setdefault(english, set()).add(texts[path])
    pointed = 0
    for path, english in ENGLISH.items():
        for name in set(re.findall(r"\*([^*`{}]+)\*", english)) & set(called):
            assert any(f"*{own}*" in texts[path] for own in called[name]), path
            pointed += 1
    assert pointed


@pytest.mark.parametrize("language", LANGUAGES)
async def test_home_assistant_shows_the_language(
    hass: HomeAssistant, language: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As it loads the file, without an error in the log."""
    shown: dict[str, str] = {}
    for kind in ("config", "entity", "exceptions", "issues", "services"):
        shown |= await async_get_translations(hass, language, kind, {DOMAIN})
    prefix = f"component.{DOMAIN}."
    texts = texts_of(language)
    assert shown
    for key, text in shown.items():
        assert text == texts[key.removeprefix(prefix)], key
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
