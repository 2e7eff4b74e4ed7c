"""Ticket codes in spoken language, as speech-to-text transcribes them, in six languages."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
import re
from string import ascii_lowercase
from unicodedata import combining, normalize

NATO = (
    "alfa|alpha bravo charlie delta echo foxtrot golf hotel india juliett|juliet kilo lima mike"
    " november oscar papa quebec romeo sierra tango uniform victor whiskey|whisky x_ray yankee zulu"
)

# One word for each number or letter in order; | separates alternatives, _ stands for a blank.
UNITS = {
    "en": "zero|oh|nought one two|too three four five six seven eight nine ten eleven twelve"
    " thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "de": "null eins|ein zwei|zwo drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn"
    " vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "es": "cero uno|un dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce"
    " quince dieciséis diecisiete dieciocho diecinueve",
    "fr": "zéro un|une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze"
    " quinze seize dix_sept dix_huit dix_neuf",
    "nl": "nul een|één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien"
    " vijftien zestien zeventien achttien negentien",
    "ja": "ゼロ|零|〇|れい|まる 一|いち 二|に 三|さん 四|よん|し 五|ご 六|ろく 七|なな|しち 八|はち"
    " 九|きゅう|く 十|じゅう",
}
TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "fr": "vingt trente quarante cinquante soixante",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "ja": "",
}
LETTERS = {
    "en": "ay bee|be see|sea|cee dee ee eff|ef gee aitch|haitch eye jay kay|cay el|ell em en o"
    " pee|pea cue|queue are|ar ess tee|tea you|yu vee double_u|double_you ex why|wye zee|zed",
    "de": "a be ce|ze de e ef|eff ge ha i jot|yot ka el em en o pe ku|kuh er es te u vau we ix"
    " ypsilon zet|zett",
    "es": "a be ce de e efe ge hache i jota ka ele eme ene o pe cu erre|ere ese te u uve|ve"
    " uve_doble equis ye|i_griega zeta",
    "fr": "a bé cé dé e|euh effe gé hache i ji ka elle emme enne o pé ku|cu erre esse té u vé"
    " double_vé|double_v iks|ixe i_grec zède|zed",
    "nl": "a bee cee dee ee ef|eff gee|gé ha|haa ie jee ka|kaa el em en oo pee kuu|ku er es tee uu"
    " vee wee iks|ix ypsilon|griekse_ij|ij zet",
    "ja": "エー|エイ ビー シー ディー イー エフ ジー エイチ|エッチ アイ ジェー|ジェイ ケー|ケイ"
    " エル エム エヌ オー ピー キュー アール エス ティー ユー ブイ|ヴィー ダブリュー|ダブル"
    " エックス ワイ ゼット|ズィー",
}
TWICE = {"en": "double", "de": "doppel", "es": "doble", "fr": "double", "nl": "dubbel"}

LANGUAGES = tuple(UNITS)


@lru_cache
def _words(language: str) -> Mapping[str, str]:
    """Return the characters that each word or phrase of a language stands for."""
    table = dict(_said(NATO, ascii_lowercase))
    table |= _said(LETTERS[language], ascii_lowercase)
    units = dict(_said(UNITS[language], map(str, range(20))))
    tens = dict(_said(TENS[language], map(str, range(20, 100, 10))))
    table |= units | tens | dict(_compound(language, tens, units))
    if language != "ja":
        table = {_plain(word): said for word, said in table.items()} | table
    return {word.casefold(): said for word, said in table.items()}


def _said(ways: str, characters: Iterator[str] | str) -> Iterator[tuple[str, str]]:
    """Yield each spoken alternative with its character."""
    for spoken, written in zip(ways.split(), characters, strict=False):
        for way in spoken.split("|"):
            yield way.replace("_", " "), written


def _compound(
    language: str, tens: Mapping[str, str], units: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the spoken numbers from 21 to 99 that consist of a ten and a unit."""
    small = {word: said for word, said in units.items() if 0 < int(said) < 10}
    if language == "ja":
        yield from _japanese(small)
        return
    if language == "fr":
        yield from _french(units)
    for ten, value in tens.items():
        for unit, said in small.items():
            for phrase in _joined(language, ten, unit):
                yield phrase, str(int(value) + int(said))


def _joined(language: str, ten: str, unit: str) -> tuple[str, ...]:
    """Return the spoken forms of a ten with a unit."""
    match language:
        case "de":
            return (f"{unit}und{ten}",)
        case "nl":
            return (f"{unit}{'ën' if unit.endswith('e') else 'en'}{ten}",)
        case "es":
            accented = {"dos": "dós", "tres": "trés", "seis": "séis"}.get(unit, unit)
            return (f"veinti{accented}",) if ten == "veinte" else (f"{ten} y {unit}",)
        case "fr":
            return (f"{ten} {unit}", f"{ten} et {unit}")
    return (f"{ten} {unit}",)


def _french(units: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the French numbers from 70 to 99: sixty or four twenties, and a rest."""
    for unit, said in units.items():
        if int(said) >= 10:
            yield f"soixante {unit}", str(60 + int(said))
            yield f"soixante et {unit}", str(60 + int(said))
        if int(said) >= 1:
            yield f"quatre vingt {unit}", str(80 + int(said))
    yield "quatre vingt", "80"
    yield "quatre vingts", "80"


def _japanese(small: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the Japanese numbers from 11 to 99."""
    for ten in ("十", "じゅう"):
        for unit, said in small.items():
            yield f"{ten}{unit}", f"1{said}"
            yield f"{unit}{ten}", f"{said}0"
            for last, value in small.items():
                yield f"{unit}{ten}{last}", f"{said}{value}"


def _plain(word: str) -> str:
    """Return a word without accents, as some speech-to-text writes it."""
    return "".join(mark for mark in normalize("NFD", word) if not combining(mark))


LONGEST_PHRASE = 4
SEPARATORS = re.compile(r"[\s\-–—_.,;:/'’、。・]+")


def readings(text: str, language: str) -> tuple[str, ...]:
    """Return the codes that a text may stand for, the one spelled word by word first.

    "39 be 31" may be 39b31 spelled, or 39be31 written with blanks; the caller looks up which
    of them is a ticket.
    """
    said = normalize("NFKC", text).strip()
    tokens = [token for token in SEPARATORS.split(said) if token]
    spoken = _spell([token.casefold() for token in tokens], language)
    written = {code.casefold(): code for code in ("".join(tokens), "".join(said.split()))}
    plain = {key: code for key, code in written.items() if code and code.isascii()}
    found = {spoken: spoken} | plain if spoken else plain
    return tuple(found.values())


def _spell(tokens: list[str], language: str) -> str | None:
    """Return the code that words spell, None if one of them is no part of a code."""
    table = _words(language if language in LANGUAGES else "en")
    twice, times = TWICE.get(language), 1
    code = ""
    while tokens:
        phrases = (" ".join(tokens[:length]) for length in range(LONGEST_PHRASE, 0, -1))
        phrase = next((phrase for phrase in phrases if phrase in table), None)
        if phrase is None and tokens[0] == twice:
            times, tokens = 2, tokens[1:]
            continue
        piece = _literal(tokens[0], table) if phrase is None else table[phrase]
        if piece is None:
            return None
        code += piece * times
        times, tokens = 1, tokens[phrase.count(" ") + 1 if phrase else 1 :]
    return code


def _literal(token: str, table: Mapping[str, str]) -> str | None:
    """Return the code in a token that may join several words, as in Japanese."""
    if token.isascii():
        return token if token.isalnum() else None
    code, longest = "", max(map(len, table))
    while token:
        part = plain[0] if (plain := re.match(r"[0-9a-z]+", token)) else token[:longest]
        while part and not plain and part not in table:
            part = part[:-1]
        if not part:
            return None
        code += part if plain else table[part]
        token = token[len(part) :]
    return code
