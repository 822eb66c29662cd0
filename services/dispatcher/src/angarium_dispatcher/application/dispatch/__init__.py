"""Matching messages to endpoints: the hot path, and the cache that it reads."""
