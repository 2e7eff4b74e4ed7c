"""What the model test is made of."""

import tests.without_home_assistant  # noqa: F401
