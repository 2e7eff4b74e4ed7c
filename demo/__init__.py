"""A pretend Oveit, and a Home Assistant to try the integration with it."""
