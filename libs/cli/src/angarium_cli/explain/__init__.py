"""Attempts of a message, and why they failed."""
