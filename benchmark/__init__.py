"""Measurements of how fast decisions are, against a pretend Oveit."""
