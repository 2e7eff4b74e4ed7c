"""A registry of callbacks."""

from collections.abc import Callable

from homeassistant.core import CALLBACK_TYPE, callback


class Listeners[*Told]:
    """Callbacks that are called in the order of their registration."""

    def __init__(self) -> None:
        """Start without callbacks."""
        self._listeners: list[Callable[[*Told], None]] = []

    @callback
    def async_add(self, listener: Callable[[*Told], None]) -> CALLBACK_TYPE:
        """Add a callback, and return a function that removes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_tell(self, *told: *Told) -> None:
        """Call all callbacks; one may remove itself meanwhile."""
        for listener in list(self._listeners):
            listener(*told)
