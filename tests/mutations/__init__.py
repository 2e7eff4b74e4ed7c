"""Deliberate mistakes in the core, and the tests that must notice them."""
