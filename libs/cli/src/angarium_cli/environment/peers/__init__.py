"""Readers of other platforms: each gives a document that Angarium imports."""
