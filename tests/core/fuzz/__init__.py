"""What may come out of the parsers, whatever goes in."""

import tests.without_home_assistant  # noqa: F401
