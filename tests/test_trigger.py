"""A trigger takes only what it can fire for."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.trigger import async_validate_trigger_config
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from tests.gates import NORTH, open_gate
from tests.package import read_yaml

OFFERED = {
    trigger: described["fields"]["reason"]["selector"]["select"]["options"]
    for trigger, described in read_yaml("triggers.yaml").items()
}


async def validate(hass: HomeAssistant, trigger: str, reasons: Any) -> Any:
    """Check a trigger as an automation does when it is saved."""
    about = {"target": {"entity_id": NORTH}, "options": {"reason": reasons}}
    triggers = cv.TRIGGER_SCHEMA([{"trigger": f"oveit.{trigger}"} | about])
    (checked,) = await async_validate_trigger_config(hass, triggers)
    return checked["options"]["reason"]


@pytest.mark.parametrize(
    ("trigger", "other"),
    [("ticket_admitted", "ticket_refused"), ("ticket_refused", "ticket_admitted")],
)
async def test_a_trigger_takes_the_reasons_that_its_form_offers_and_no_other(
    hass: HomeAssistant, entry: MockConfigEntry, trigger: str, other: str
) -> None:
    """With a reason of the other trigger it would never fire, and nobody would know why."""
    await open_gate(hass, entry)
    assert await validate(hass, trigger, OFFERED[trigger]) == OFFERED[trigger]
    for reason in OFFERED[other]:
        with pytest.raises(vol.Invalid, match="reason"):
            await validate(hass, trigger, reason)
