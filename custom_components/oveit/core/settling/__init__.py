"""Settling uploads pending check-ins and finds out what became of those in doubt."""
