"""Processes that are killed while they let guests in: nothing they answered may be lost."""

import tests.without_home_assistant  # noqa: F401
