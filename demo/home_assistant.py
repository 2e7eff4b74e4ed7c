"""A Home Assistant process, controlled over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
import os
from pathlib import Path
from signal import SIGKILL
import subprocess
import sys
from typing import Any, Self

import aiohttp

from demo.config_folder import prepare

PATIENCE = 120
type Json = Mapping[str, Any]


class HomeAssistantError(Exception):
    """Home Assistant failed, or did not react in time."""


class HomeAssistant:
    """A Home Assistant in a folder of its own, reachable from this machine only."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.token = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Return the address for a browser."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file with its output."""
        return self.folder / "output.log"

    async def start(self) -> None:
        """Start it, and wait until it responds."""
        await asyncio.to_thread(prepare, self.folder, self.port, onboarded=True)
        self._process = self._spawn()
        await self._until(self._answers)

    async def stop(self) -> None:
        """Stop it and all its processes."""
        await self._session.close()
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, 20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, SIGKILL)
            await asyncio.to_thread(process.wait)

    async def onboard(self, name: str, password: str) -> None:
        """Create the first user, log in, and wait until the start is complete."""
        client = {"client_id": f"{self.url}/"}
        person = {"name": name.title(), "username": name, "password": password, "language": "en"}
        made = await self.post("/api/onboarding/users", {**client, **person})
        grant = {"grant_type": "authorization_code", "code": made["auth_code"]}
        async with self._session.post(f"{self.url}/auth/token", data={**client, **grant}) as reply:
            self.token = await self._long_lived((await reply.json())["access_token"])
        await self._until(self._runs)

    async def configure_oveit(self, api_url: str, login: Json, events: list[str]) -> str:
        """Complete the integration's flow as a person would, and return the entry's id."""
        flow = await self.post("/api/config/config_entries/flow", {"handler": "oveit"})
        address = f"/api/config/config_entries/flow/{flow['flow_id']}"
        for answer in (
            {"next_step_id": "login"},
            {**login, "advanced": {"api_url": api_url}},
            {"events": events, "follow_new": False},
        ):
            flow = await self.post(address, answer)
            if flow.get("errors"):
                raise HomeAssistantError(f"The flow says {flow['errors']}")
        if flow["type"] != "create_entry":
            raise HomeAssistantError(f"The flow ended with {flow['type']}")
        entry_id: str = flow["result"]["entry_id"]
        return entry_id

    async def add_gate(self, entry_id: str, settings: Json) -> None:
        """Add a gate by its flow."""
        path = "/api/config/config_entries/subentries/flow"
        for _ in range(100):
            flow = await self.post(path, {"handler": [entry_id, "gate"]})
            if flow.get("reason") != "not_loaded":
                break
            await asyncio.sleep(0.1)
        else:
            raise HomeAssistantError("The account is not set up")
        flow = await self.post(f"{path}/{flow['flow_id']}", settings)
        if flow["type"] != "create_entry":
            raise HomeAssistantError(f"The gate's flow says {flow.get('errors') or flow['type']}")

    async def automate(self, alias: str, config: Json) -> None:
        """Add an automation, and wait until it is on."""
        name = alias.lower().replace(" ", "_")
        await self.post(f"/api/config/automation/config/{name}", {"alias": alias, **config})
        await self.wait_for(f"automation.{name}", "on")

    async def wait_for(self, entity_id: str, state: str | None = None) -> None:
        """Wait up to half a minute for an entity to exist, or to have a state."""
        shown = None
        for _ in range(300):
            shown = await self.state(entity_id)
            if shown == state or (state is None and shown not in (None, "unavailable")):
                return
            await asyncio.sleep(0.1)
        raise HomeAssistantError(f"{entity_id} shows {shown}, not {state or 'anything'}")

    async def check_in(self, fields: Json) -> dict[str, Any]:
        """Call the action as an automation does, and return its decision."""
        reply = await self.post("/api/services/oveit/checkin?return_response", fields)
        decision: dict[str, Any] = reply["service_response"]
        return decision

    async def sync(self) -> dict[str, Any]:
        """Upload all that waits, and return the counts."""
        reply = await self.post("/api/services/oveit/sync?return_response", {})
        counts: dict[str, Any] = reply["service_response"]
        return counts

    async def state(self, entity_id: str) -> str | None:
        """Return the state of an entity."""
        async with self._get(f"/api/states/{entity_id}") as reply:
            return (await reply.json())["state"] if reply.ok else None

    async def post(self, path: str, payload: Json) -> dict[str, Any]:
        """Post JSON, and return the reply."""
        address = self.url + path
        async with self._session.post(address, json=payload, headers=self._headers) as reply:
            if not reply.ok:
                raise HomeAssistantError(f"{path}: {reply.status} {await reply.text()}")
            answer: dict[str, Any] = await reply.json()
            return answer

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def _get(self, path: str) -> aiohttp.client._RequestContextManager:
        return self._session.get(self.url + path, headers=self._headers)

    async def _long_lived(self, token: str) -> str:
        wish = {"id": 1, "type": "auth/long_lived_access_token", "lifespan": 30}
        async with self._session.ws_connect(f"{self.url}/api/websocket") as socket_:
            await socket_.receive_json()
            await socket_.send_json({"type": "auth", "access_token": token})
            await socket_.receive_json()
            await socket_.send_json({**wish, "client_name": "Demo"})
            answer: str = (await socket_.receive_json())["result"]
            return answer

    async def _answers(self) -> bool:
        async with self._get("/api/onboarding") as reply:
            return reply.status == HTTPStatus.OK

    async def _runs(self) -> bool:
        async with self._get("/api/core/state") as reply:
            return bool((await reply.json())["state"] == "RUNNING")

    async def _until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        for _ in range(PATIENCE * 10):
            if self._process and self._process.poll() is not None:
                raise HomeAssistantError(f"Home Assistant ended:\n{self._last_words()}")
            try:
                if await condition():
                    return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
        raise HomeAssistantError(f"Home Assistant does not start:\n{self._last_words()}")

    def _spawn(self) -> subprocess.Popen[bytes]:
        # -P: else Home Assistant finds custom_components here, not in its folder
        module = ("-P", "-m", "homeassistant")
        command = (sys.executable, *module, "-c", str(self.folder), "--skip-pip")
        # without compiled files each start takes five seconds more
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        with self.log.open("wb") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
