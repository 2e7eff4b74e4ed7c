"""Codes as people say them, and as speech-to-text writes that down."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
import re
from unicodedata import normalize

from .spoken_words import LANGUAGES, TWICE, words

LONGEST_PHRASE = 4
SEPARATORS = re.compile(r"[\s\-–—_.,;:/'’、。・]+")


def readings(text: str, language: str) -> tuple[str, ...]:
    """Return the codes that a text may stand for, what was said word by word first.

    "39 be 31" is 39b31 said letter by letter, or 39be31 written in pieces: only who
    knows the tickets can tell.
    """
    said = normalize("NFKC", text).strip()
    tokens = [token for token in SEPARATORS.split(said) if token]
    spoken = _spell([token.casefold() for token in tokens], language)
    written = {code.casefold(): code for code in ("".join(tokens), "".join(said.split()))}
    plain = {key: code for key, code in written.items() if code and code.isascii()}
    found = {spoken: spoken} | plain if spoken else plain
    return tuple(found.values())


def _spell(tokens: list[str], language: str) -> str | None:
    """Return the code that words stand for, None where one of them is no part of a code."""
    table, twice, times = (
        _table(language if language in LANGUAGES else "en"),
        TWICE.get(language),
        1,
    )
    pieces: list[str] = []
    at = 0
    while at < len(tokens):
        phrase, length = _longest(tokens[at:], table)
        if phrase is None and tokens[at] == twice:
            times, at = 2, at + 1
            continue
        piece = table[phrase] if phrase is not None else _literal(tokens[at], table)
        if piece is None:
            return None
        pieces.append(piece * times)
        times, at = 1, at + length
    return "".join(pieces)


def _longest(tokens: list[str], table: Mapping[str, str]) -> tuple[str | None, int]:
    """Return the longest phrase that begins here, and how many words it has."""
    for length in range(min(LONGEST_PHRASE, len(tokens)), 0, -1):
        phrase = " ".join(tokens[:length])
        if phrase in table:
            return phrase, length
    return None, 1


def _literal(token: str, table: Mapping[str, str]) -> str | None:
    """Return what a token without blanks says; languages without blanks need it."""
    pieces = list(_split(token, table))
    return "".join(pieces) if None not in pieces else None  # type: ignore[arg-type]


def _split(token: str, table: Mapping[str, str]) -> Iterator[str | None]:
    """Yield the parts of a token: runs of plain characters, and words of the language."""
    if token.isascii():
        yield token if token.isalnum() else None
        return
    longest = max(map(len, table))
    while token:
        if plain := re.match(r"[0-9a-z]+", token):
            yield plain[0]
            token = token[plain.end() :]
            continue
        length = next((size for size in range(longest, 0, -1) if token[:size] in table), 0)
        yield table[token[:length]] if length else None
        token = token[length:] if length else ""


@lru_cache
def _table(language: str) -> Mapping[str, str]:
    """Return what the words of a language stand for."""
    return words(language)
