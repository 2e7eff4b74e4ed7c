"""The ledger of an account in Home Assistant: opened, watched, and removed with the account."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, HomeAssistantError
from homeassistant.helpers.json import save_json
from homeassistant.helpers.storage import STORAGE_DIR, Store
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util.json import JsonValueType

from .const import DOMAIN, LOGGER
from .core.exceptions import LedgerError, LedgerTooNewError
from .core.ledger import (
    Generation,
    Ledger,
    delete_ledger,
    find_ledgers,
    keep_set_aside,
    read_waiting,
)
from .core.models import Row
from .issues import async_create_issue, async_delete_issue

STORAGE_VERSION = 1
SAVE_DELAY = 30.0
MISSING = "missing"
OLDER = "older"


def ledger_path(hass: HomeAssistant, entry: ConfigEntry) -> Path:
    """Return the path of an entry's ledger."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry.entry_id}.db"))


class LedgerWatch:
    """Opens an account's ledger, and keeps what a person should know of it (C21 to C24).

    How far the ledger has come is kept beside it in Home Assistant's storage, so that one
    that is missing, or older than it was, is noticed at the next start. `lost` is the issue
    of that until a person has dealt with it, `failure` the error of a ledger that does not
    answer, `set_aside` the damaged files that lie beside it, and `unreadable` the number of
    rows with words that this release does not know.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Watch the ledger of an entry; `async_open` comes before everything else."""
        self._hass = hass
        self._entry = entry
        self._path = ledger_path(hass, entry)
        self._store = _store(hass, entry)
        self._generation: Generation | None = None
        self._ledger: Ledger
        self.lost: str | None = None
        self.refusal: LedgerError | None = None
        self.failure: LedgerError | None = None
        self.set_aside: list[Path] = []
        self.unreadable = 0

    @property
    def is_sound(self) -> bool:
        """Return whether doors can rely on the ledger."""
        return self.lost is None and self.failure is None

    async def async_open(self) -> Ledger:
        """Open the ledger; if it cannot be, raise an issue and ConfigEntryError or UpdateFailed."""
        known = await self._store.async_load() or {}
        self.lost = known.get("lost")
        expected = Generation(**known["generation"]) if "generation" in known else None
        try:
            self._ledger = await Ledger.open(self._path, expected=expected)
            await self._async_note_opening()
        except LedgerError as err:
            self.refusal = err
            self.async_update_issues()
            if isinstance(err, LedgerTooNewError):
                raise ConfigEntryError(
                    translation_domain=DOMAIN, translation_key="ledger_too_new"
                ) from err
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="ledger_failed") from err
        return self._ledger

    async def _async_note_opening(self) -> None:
        """Keep what was found when the ledger was opened, before anything else may fail."""
        opening = self._ledger.opening
        if opening.missing or opening.older:
            self.lost = MISSING if opening.missing else OLDER
        self._generation = opening.generation
        await self._store.async_save(self._kept())
        await self.async_check()

    async def async_check(self) -> None:
        """Look at what lies beside the ledger, and at rows that cannot be read."""
        self.set_aside = await self._hass.async_add_executor_job(getattr, self._ledger, "set_aside")
        self.unreadable = await self._ledger.count_unreadable()
        if self.failure is not None:
            await self._ledger.keep_skew(await self._ledger.skew())
            self.failure = None
        self.async_update_issues()

    async def async_note_generation(self) -> None:
        """Keep how far the ledger has come."""
        generation = await self._ledger.generation()
        if generation != self._generation:
            self._generation = generation
            self._store.async_delay_save(self._kept, SAVE_DELAY)

    async def async_close(self) -> None:
        """Keep how far the ledger has come at last, and close it."""
        with suppress(LedgerError):
            self._generation = await self._ledger.generation()
            await self._store.async_save(self._kept())
        await self._ledger.close()

    async def async_accept(self) -> None:
        """Go on with the ledger as it is, since a person has dealt with what was found."""
        self.lost = None
        self.async_update_issues()
        await self._store.async_save(self._kept())

    async def async_keep_set_aside(self) -> None:
        """Keep the damaged files under names that raise no issue any more."""
        for file in self.set_aside:
            await self._hass.async_add_executor_job(keep_set_aside, file)
        self.set_aside = []
        self.async_update_issues()

    @callback
    def async_update_issues(self) -> None:
        """Raise the issues of what was found, and delete those that are over."""
        for key, find in FINDERS.items():
            placeholders = find(self)
            if placeholders is None:
                async_delete_issue(self._hass, key, self._entry.entry_id)
                continue
            async_create_issue(
                self._hass,
                translation_key=key,
                about=self._entry.entry_id,
                data={"entry_id": self._entry.entry_id},
                translation_placeholders={
                    "title": self._entry.title,
                    "file": self._path.name,
                    **placeholders,
                },
            )

    @callback
    def _kept(self) -> dict[str, Any]:
        """Return what is kept beside the ledger."""
        generation = {"generation": asdict(self._generation)} if self._generation else {}
        return generation | ({"lost": self.lost} if self.lost else {})


def _set_aside(watch: LedgerWatch) -> dict[str, str] | None:
    """Return the damaged files that lie beside the ledger (C4, C24)."""
    names = ", ".join(file.name for file in watch.set_aside)
    return {"file": names} if names else None


def _unusable(watch: LedgerWatch) -> dict[str, str] | None:
    """Return the error of a ledger that cannot be opened."""
    refusal = watch.refusal
    is_unusable = refusal is not None and not isinstance(refusal, LedgerTooNewError)
    return {"error": str(refusal)} if is_unusable else None


FINDERS: Mapping[str, Callable[[LedgerWatch], dict[str, str] | None]] = {
    "ledger_failing": lambda watch: {"error": str(watch.failure)} if watch.failure else None,
    "ledger_missing": lambda watch: {} if watch.lost == MISSING else None,
    "ledger_older": lambda watch: {} if watch.lost == OLDER else None,
    "ledger_rows_unreadable": lambda watch: (
        {"count": str(watch.unreadable)} if watch.unreadable else None
    ),
    "ledger_set_aside": _set_aside,
    "ledger_too_new": lambda watch: {} if isinstance(watch.refusal, LedgerTooNewError) else None,
    "ledger_unusable": _unusable,
}


def _store(hass: HomeAssistant, entry: ConfigEntry) -> Store[dict[str, Any]]:
    """Return where the generation of an entry's ledger is kept."""
    return Store(hass, STORAGE_VERSION, f"{DOMAIN}.{entry.entry_id}.generation")


async def async_remove_ledger(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the ledgers of an account, but those that cannot be read."""
    path = ledger_path(hass, entry)
    waiting: list[Row] = []
    read: list[Path] = []
    for ledger in await hass.async_add_executor_job(find_ledgers, path):
        try:
            waiting += await hass.async_add_executor_job(read_waiting, ledger)
            read.append(ledger)
        except LedgerError as err:
            LOGGER.warning("A ledger is kept: %s", err)
    try:
        if waiting:
            unique = list({row.ref: row for row in waiting}.values())
            await _async_export(hass, entry, path.with_suffix(".waiting.json"), unique)
        for ledger in read:
            await hass.async_add_executor_job(delete_ledger, ledger)
    except (HomeAssistantError, OSError) as err:
        LOGGER.warning("A ledger is kept: %s", type(err).__name__)
    await _store(hass, entry).async_remove()
    if kept := await hass.async_add_executor_job(find_ledgers, path):
        listed = "\n".join(f"- `{STORAGE_DIR}/{ledger.name}`" for ledger in kept)
        async_create_issue(
            hass,
            translation_key="ledger_kept",
            about=entry.entry_id,
            translation_placeholders={"title": entry.title, "list": listed},
        )


async def _async_export(
    hass: HomeAssistant, entry: ConfigEntry, export: Path, waiting: list[Row]
) -> None:
    """Export pending rows to a file, and raise an issue that names it (C6)."""
    rows = [respond_row(row) for row in waiting]
    await hass.async_add_executor_job(save_json, str(export), rows, True)
    file = f"{STORAGE_DIR}/{export.name}"
    async_create_issue(
        hass,
        translation_key="waiting_exported",
        about=entry.entry_id,
        translation_placeholders={"title": entry.title, "count": str(len(rows)), "file": file},
    )


def respond_row(row: Row) -> dict[str, JsonValueType]:
    """Return a row of the journal with the whole code, for administrators."""
    return {
        "seq": row.seq,
        "event_id": row.event_id or None,
        "code": row.code,
        "addon_id": row.addon_id,
        "direction": row.direction.value,
        "gate": row.gate,
        "at": row.at.isoformat(),
        "state": row.state.value,
        "reason": row.reason.value,
        "attempts": row.attempts,
        "message": row.message,
        "cause": row.cause,
        "overruled": row.overruled,
        "note": row.note or row.cause,
        "scan_id": row.scan_id,
    }
