"""Imported first, this lets the core be imported without Home Assistant."""

from pathlib import Path
import sys
from types import ModuleType

_FOLDER = Path(__file__).parents[1] / "custom_components" / "oveit"

if "custom_components.oveit" not in sys.modules:
    package = ModuleType("custom_components.oveit")
    package.__path__ = [str(_FOLDER)]
    sys.modules["custom_components.oveit"] = package
