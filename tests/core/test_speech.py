"""Spoken ticket codes are understood in six languages."""

from string import ascii_lowercase

from hypothesis import given, strategies as st
import pytest

from custom_components.oveit.core.speech import LANGUAGES, LETTERS, NATO, UNITS, readings

CODES = st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)


def ways(words: str, characters: str) -> dict[str, list[str]]:
    """Return the ways in which each character may be said."""
    said = [[way.replace("_", " ") for way in word.split("|")] for word in words.split()]
    return dict(zip(characters, said, strict=False))


@pytest.mark.parametrize("language", LANGUAGES)
@given(code=CODES, data=st.data())
def test_a_code_said_character_by_character_is_understood(
    language: str, code: str, data: st.DataObject
) -> None:
    """Digits as words; letters by name, in the NATO alphabet, or as they are."""
    digits = ways(UNITS[language], "0123456789")
    letters, pilots = ways(LETTERS[language], ascii_lowercase), ways(NATO, ascii_lowercase)
    said = [
        data.draw(
            st.sampled_from(
                digits[character] if character.isdigit() else letters[character] + pilots[character]
            )
        )
        if data.draw(st.booleans())
        else character
        for character in code
    ]
    assert readings(" ".join(said), language)[0] == code


@given(code=CODES)
def test_japanese_needs_no_blanks(code: str) -> None:
    """Speech-to-text writes none."""
    names = {
        key: said[0]
        for key, said in (
            ways(UNITS["ja"], "0123456789") | ways(LETTERS["ja"], ascii_lowercase)
        ).items()
    }
    assert readings("".join(names[character] for character in code), "ja") == (code,)


@pytest.mark.parametrize("language", LANGUAGES)
@given(code=CODES, data=st.data())
def test_a_code_written_in_pieces_is_among_the_readings(
    language: str, code: str, data: st.DataObject
) -> None:
    """Wherever speech-to-text puts blanks."""
    written = "".join(
        character + data.draw(st.sampled_from(["", " ", "-"])) for character in code
    ).strip(" -")
    assert code in readings(written, language)


@pytest.mark.parametrize("language", LANGUAGES)
@given(text=st.text(max_size=40))
def test_whatever_was_said_yields_short_plain_codes_or_none(language: str, text: str) -> None:
    """No text raises an error."""
    found = readings(text, language)
    assert len(found) <= 3
    assert all(code and code.isascii() and not set(code) & set(" \t\n") for code in found)


@pytest.mark.parametrize(
    ("language", "said", "code"),
    [
        ("en", "three nine f a three one seven d", "39fa317d"),
        ("en", "thirty-nine eff ay, thirty one seven dee.", "39fa317d"),
        ("en", "oh oh double seven bravo", "0077b"),
        ("en", "abc one two three", "abc123"),
        ("de", "neununddreißig f a einunddreissig sieben d", "39fa317d"),
        ("de", "zwo doppel null vau", "200v"),
        ("es", "treinta y nueve efe a veintidós uve doble", "39fa22w"),
        ("fr", "trente-neuf effe a quatre-vingt-dix-sept double vé", "39fa97w"),
        ("fr", "soixante et onze vingt et un", "7121"),
        ("nl", "negenendertig ef a drieëntwintig", "39fa23"),
        ("ja", "三十九エフエー三一七ディー", "39fa317d"),
        ("ja", "さんきゅうｆａ十二", "39fa12"),
        ("pt", "three nine", "39"),
    ],
)
def test_people_say_numbers_too(language: str, said: str, code: str) -> None:
    """Two digits at once, “double”, and a language that is not supported."""
    assert readings(said, language)[0] == code


def test_what_was_written_keeps_its_capitals_and_other_characters() -> None:
    """Oveit may distinguish them."""
    assert readings(" ABC-12 ", "en") == ("ABC12", "ABC-12")


def test_both_readings_are_returned() -> None:
    """The caller looks up which of them is a ticket."""
    assert readings("39 be 31", "en") == ("39b31", "39be31")


def test_words_that_are_no_code_have_no_reading() -> None:
    """A wrong code is worse than none."""
    assert readings("übermütig", "de") == ()
