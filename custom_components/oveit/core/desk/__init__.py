"""The desk decides what happens at the doors."""
