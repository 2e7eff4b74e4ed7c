"""Tickets, decisions and the ledger: everything that does not need Home Assistant."""
