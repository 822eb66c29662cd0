"""Distributed traces: which messages are traced, their spans, and the export to a collector."""
