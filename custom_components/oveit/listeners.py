"""Those who hear of something as it happens."""

from collections.abc import Callable

from homeassistant.core import CALLBACK_TYPE, callback


class Listeners[*Told]:
    """Hear in the order in which they came; one may leave while it is told."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._listeners: list[Callable[[*Told], None]] = []

    @callback
    def async_add(self, listener: Callable[[*Told], None]) -> CALLBACK_TYPE:
        """Have a listener hear from now on, until what is returned is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_tell(self, *told: *Told) -> None:
        """Tell everybody."""
        for listener in list(self._listeners):
            listener(*told)
