"""Processes that are killed while they let guests in: nothing they answered may be lost."""

from pathlib import Path
import sys
from types import ModuleType

_FOLDER = Path(__file__).parents[2] / "custom_components" / "oveit"

if "custom_components.oveit" not in sys.modules:  # the core, without Home Assistant
    package = ModuleType("custom_components.oveit")
    package.__path__ = [str(_FOLDER)]
    sys.modules["custom_components.oveit"] = package
