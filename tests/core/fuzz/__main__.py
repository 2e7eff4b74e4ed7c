"""The fuzzer for one target: what it finds ends it with a traceback and a file of the input."""

import asyncio
from contextlib import suppress
import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["custom_components.oveit.core"]):
    from tests.core.fuzz.targets import TARGETS, open_ledger

from tests.core.fuzz.replies import DOCUMENTED

BEGINNINGS = {
    "code": "]Q1https://x/1",
    "date": "2016-08-10T11:49:18+00:00",
    "header": "Tue, 29 Dec 2026 11:15:00 GMT",
}


def main(target: str, seconds: str) -> None:
    """Begin with a documented reply, and go on until the time is over."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with TemporaryDirectory(dir=memory) as folder, asyncio.Runner() as runner:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        (corpus / "documented").write_text(BEGINNINGS.get(target) or json.dumps(DOCUMENTED[target]))
        ledger = runner.run(open_ledger(Path(folder)))

        def feed(data: bytes) -> None:
            runner.run(TARGETS[target](ledger, data))

        found = Path(".fuzz")
        found.mkdir(exist_ok=True)
        options = [
            f"-artifact_prefix={found}/",
            f"-max_total_time={seconds}",
            "-max_len=4096",
            "-timeout=30",
        ]
        atheris.Setup([sys.argv[0], *options, str(corpus)], feed)
        with suppress(SystemExit):
            atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "60")
