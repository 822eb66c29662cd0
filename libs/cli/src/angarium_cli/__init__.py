"""The angarium command."""
