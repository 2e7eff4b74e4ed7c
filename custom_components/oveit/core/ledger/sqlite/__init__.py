"""What is SQLite's own about the ledger."""
