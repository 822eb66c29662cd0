"""Connections for every kind of destination: resolved, checked, dialled, and encrypted."""
