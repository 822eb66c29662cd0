"""Attempts and pending deliveries: their rows, the ledger that keeps them, and its commits."""
