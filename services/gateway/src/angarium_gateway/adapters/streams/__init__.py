"""Adapters to the Redis streams."""
