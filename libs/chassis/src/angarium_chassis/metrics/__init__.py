"""Prometheus metrics: their declarations, and what all services report alike."""
