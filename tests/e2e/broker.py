"""Debian's mosquitto, started by hand, and a client that publishes and listens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import os
from pathlib import Path
import shutil
from time import perf_counter
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from demo.doors import free_port

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

type Message = tuple[str, str, float]


class Broker:
    """Publishes as a reader does, and hears what is said to doors."""

    def __init__(self, port: int) -> None:
        """Know where the broker is."""
        self.port = port
        self.heard: asyncio.Queue[Message] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._hear

    async def connect(self) -> None:
        """Connect as soon as the broker listens."""
        for _ in range(100):
            try:
                self._client.connect("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                break
        self._client.loop_start()

    def disconnect(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def discover(self, kind: str, name: str, /, **config: Any) -> None:
        """Announce a device to Home Assistant, for good."""
        device = {"identifiers": [name], "name": name.replace("_", " ").capitalize()}
        payload = json.dumps({"device": device, **config})
        self._client.publish(f"homeassistant/{kind}/{name}/config", payload, qos=1, retain=True)

    def listen(self, topic: str) -> None:
        """Hear what is published."""
        self._client.subscribe(topic)

    def publish(self, topic: str, payload: str) -> float:
        """Publish something, and return when."""
        at = perf_counter()
        self._client.publish(topic, payload)
        return at

    async def next(self, seconds: float = 10) -> Message:
        """Return the next message heard: its topic, its text, and when."""
        async with asyncio.timeout(seconds):
            return await self.heard.get()

    def _hear(self, _: Client, __: Any, message: MQTTMessage) -> None:
        heard = (message.topic, message.payload.decode(), perf_counter())
        self._loop.call_soon_threadsafe(self.heard.put_nowait, heard)


@asynccontextmanager
async def mosquitto(folder: Path) -> AsyncIterator[Broker]:
    """Run a broker that only this machine can reach."""
    assert MOSQUITTO
    port = free_port(0)
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n")
    process = await asyncio.create_subprocess_exec(
        MOSQUITTO, "-c", str(config), stderr=asyncio.subprocess.DEVNULL
    )
    broker = Broker(port)
    try:
        await broker.connect()
        yield broker
        broker.disconnect()
    finally:
        process.terminate()
        await process.wait()
