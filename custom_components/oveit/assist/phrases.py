"""The sentences and answers of Assist in each language, read from `sentences/`."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.singleton import singleton
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..core.models import Decision, Reason

FOLDER = Path(__file__).parents[1] / "sentences"
DEFAULT_LANGUAGE = "en"
TELL_THAT_OVEIT_IS_AWAY = (Reason.NO_TICKET_LIST, Reason.OFFLINE_REFUSED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrasebook:
    """The sentences by kind of question, the answers and the reasons of one language."""

    language: str
    sentences: Mapping[str, list[str]]
    answers: Mapping[str, str]
    reasons: Mapping[str, str]

    def say(self, key: str, **values: Any) -> str:
        """Return an answer with its values filled in."""
        return self.answers[key].format(**values)

    def why(self, decision: Decision) -> str:
        """Return the reason of a decision; what could not be checked is not called a fact (R19)."""
        if decision.is_unchecked and decision.reason not in TELL_THAT_OVEIT_IS_AWAY:
            return self.answers["cannot_check"]
        return self.reasons[decision.reason]


type Phrasebooks = Mapping[str, Phrasebook]

DATA_PHRASEBOOKS: HassKey[Phrasebooks] = HassKey(f"{DOMAIN}_phrasebooks")


@singleton(DATA_PHRASEBOOKS, async_=True)
async def async_get_phrasebooks(hass: HomeAssistant) -> Phrasebooks:
    """Return the phrasebooks by language; they are read once."""
    return await hass.async_add_executor_job(_read_phrasebooks)


def choose(phrasebooks: Phrasebooks, language: str) -> Phrasebook:
    """Return the phrasebook of a language or one of its variants, else the English one."""
    known = phrasebooks.get(language.replace("_", "-").partition("-")[0].lower())
    return known or phrasebooks[DEFAULT_LANGUAGE]


def _read_phrasebooks() -> Phrasebooks:
    """Read the phrasebook of each language."""
    return {
        path.stem: Phrasebook(language=path.stem, **json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(FOLDER.glob("*.json"))
    }
