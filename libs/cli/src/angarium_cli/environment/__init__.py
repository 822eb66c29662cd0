"""Copies the configuration of a tenant through the API."""
