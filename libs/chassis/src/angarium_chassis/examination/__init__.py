"""Checks of a running platform: what they read, and their findings with remedies."""
