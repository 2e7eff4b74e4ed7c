"""A registry of callbacks."""

from collections.abc import Callable


class Callbacks[*Args]:
    """Calls its callbacks in the order in which they were added."""

    def __init__(self) -> None:
        """Begin without a callback."""
        self._callbacks: list[Callable[[*Args], None]] = []

    def add(self, callback: Callable[[*Args], None]) -> Callable[[], None]:
        """Add a callback, and return what removes it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def call(self, *args: *Args) -> None:
        """Call every callback; one may be removed while it is called."""
        for callback in list(self._callbacks):
            callback(*args)
