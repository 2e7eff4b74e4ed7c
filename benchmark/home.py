"""A Home Assistant process with the probe, and with the integration or its peer."""

import asyncio
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
import re
import socket
from typing import Any, override

from benchmark.oveit import FIRST_EVENT, LOGIN, TOKEN
from demo.config_folder import ROOT, prepare
from demo.home_assistant import HomeAssistant

PROBE = "benchmark_probe"
USER = "organizer"
READER = "benchmark-reader"
GATE = f"""\
- alias: Door
  mode: parallel
  max: 100
  triggers:
    - trigger: oveit.ticket_admitted
      target:
        entity_id: event.gate_1
  actions:
    - action: {PROBE}.open_door
"""
AUTOMATION = f"""\
- alias: Door
  mode: parallel
  max: 100
  triggers:
    - trigger: event
      event_type: tag_scanned
  actions:
    - action: rest_command.check_in
      data:
        rfid_code: "{{{{ trigger.event.data.tag_id }}}}"
      response_variable: answer
    - if: "{{{{ answer.content.ok | default(false) }}}}"
      then:
        - action: {PROBE}.open_door
"""
REST = """
rest:
  - resource: %(url)s/events/tickets
    method: POST
    headers:
      Authorization: Bearer %(token)s
      Content-Type: application/x-www-form-urlencoded
    payload: id=%(event)s
    scan_interval: 30
    timeout: 120
    sensor:
      - name: Venue tickets
        value_template: "{{ value_json.tickets | count }}"
      - name: Venue checked in
        value_template: "{{ value_json.tickets | selectattr('checked_in') | list | count }}"

template:
  - sensor:
      - name: Venue remaining
        state: "{{ states('sensor.venue_tickets') | int(0)
          - states('sensor.venue_checked_in') | int(0) }}"
        availability: "{{ has_value('sensor.venue_tickets') }}"

rest_command:
  check_in:
    url: %(url)s/tickets/checkin
    method: post
    headers:
      Authorization: Bearer %(token)s
    content_type: application/x-www-form-urlencoded
    payload: "{%% if ticket_code is defined %%}ticket_code={{ ticket_code }}{%% else
      %%}rfid_code={{ rfid_code }}{%% endif %%}"
"""


class System(StrEnum):
    """The systems that are compared."""

    ALONE = "alone"
    YAML = "yaml"
    OURS = "ours"

    @property
    def check_in(self) -> str:
        """Return the action that checks a ticket in."""
        return "oveit.checkin" if self is System.OURS else "rest_command.check_in"

    @property
    def refresh(self) -> dict[str, Any]:
        """Return the probe's arguments for a refresh of the whole list."""
        return {"action": "oveit.sync"} if self is System.OURS else {"poll": True}


class BenchmarkHome(HomeAssistant):
    """A Home Assistant with the probe."""

    def __init__(self, folder: Path, system: System, oveit_url: str) -> None:
        """Create it for the system to measure."""
        super().__init__(folder, free_port())
        self.system = system
        self._oveit_url = oveit_url

    @override
    async def start(self) -> None:
        """Write the configuration, start, and wait until everything is loaded."""
        await asyncio.to_thread(self._prepare)
        await self.boot()
        await self.onboard(USER, USER)

    async def boot(self) -> None:
        """Start the process and wait until it responds."""
        self._process = self._spawn()
        await self._until(self._runs if self.token else self._answers)

    async def halt(self) -> None:
        """Stop the process, to start it again later."""
        process = self._process
        if process and process.poll() is None:
            process.terminate()
            await asyncio.to_thread(process.wait, 60)

    async def set_up_oveit(self, events: list[int], gates: int) -> None:
        """Set up the integration with gates, if it is the system to measure."""
        if self.system is not System.OURS:
            return
        await self.configure_oveit(self._oveit_url, LOGIN, [str(event) for event in events])
        (entry,) = await self.get("/api/config/config_entries/entry?domain=oveit")
        flows = "/api/config/config_entries/subentries/flow"
        for number in range(1, gates + 1):
            await self._until(self._is_loaded)
            flow = await self.post(flows, {"handler": [entry["entry_id"], "gate"]})
            reader = READER if number == 1 else f"{READER}-{number}"
            gate = {"name": f"Gate {number}", "readers": [reader]}
            flow = await self.post(f"{flows}/{flow['flow_id']}", gate)
            if flow["type"] != "create_entry":
                raise RuntimeError(f"There is no gate: {flow}")
        await asyncio.sleep(1)
        await self._until(self._is_loaded)

    async def get(self, path: str) -> Any:
        """Get JSON."""
        async with self._get(path) as reply:
            reply.raise_for_status()
            return await reply.json()

    async def _is_loaded(self) -> bool:
        """Return whether the integration is set up."""
        entries = await self.get("/api/config/config_entries/entry?domain=oveit")
        return bool(entries[0]["state"] == "loaded")

    async def ask(self, measurement: str, /, **data: Any) -> dict[str, Any]:
        """Run a measurement of the probe."""
        reply = await self.post(f"/api/services/{PROBE}/{measurement}?return_response", data)
        answer: dict[str, Any] = reply["service_response"]
        return answer

    def last_words(self) -> str:
        """Return the end of the log."""
        return self._last_words()

    def memory(self) -> float:
        """Return the proportional set size in megabytes."""
        return self._kilobytes("smaps_rollup", "Pss") / 1024

    def resident(self) -> float:
        """Return the resident memory in megabytes."""
        return self._kilobytes("status", "VmRSS") / 1024

    def peak(self) -> float:
        """Return the peak of the resident memory since `forget_peak` in megabytes."""
        return self._kilobytes("status", "VmHWM") / 1024

    def forget_peak(self) -> None:
        """Reset the peak of the resident memory."""
        (self._proc / "clear_refs").write_text("5")

    def ledger_bytes(self) -> int:
        """Return the size of the integration's files."""
        return sum(path.stat().st_size for path in (self.folder / ".storage").glob("oveit.*"))

    @property
    def _proc(self) -> Path:
        """Return the process's folder under /proc."""
        return Path("/proc", str(self._process.pid if self._process else "self"))

    def _kilobytes(self, file: str, name: str) -> int:
        """Return a number of kilobytes from a file under /proc."""
        found = re.search(rf"^{name}:\s+(\d+) kB", (self._proc / file).read_text(), re.MULTILINE)
        return int(found[1]) if found else 0

    def _prepare(self) -> None:
        """Write the configuration."""
        prepare(self.folder, self.port, onboarded=True)
        probe = ROOT / "benchmark" / "custom_components" / PROBE
        (self.folder / "custom_components" / PROBE).symlink_to(probe)
        with (self.folder / "configuration.yaml").open("a") as file:
            file.write(f"\n{PROBE}:\n")
            if self.system is System.YAML:
                peer = {"url": self._oveit_url, "token": TOKEN, "event": FIRST_EVENT}
                file.write(REST % peer)
        doors = {System.OURS: GATE, System.YAML: AUTOMATION}
        if self.system in doors:
            (self.folder / "automations.yaml").write_text(doors[self.system])


def free_port() -> int:
    """Return a port that is not in use."""
    with socket.socket() as listener, suppress(OSError):
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
    return 0
