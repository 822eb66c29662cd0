"""Endpoints as the worker knows them: configuration, guards, health, and their changes."""
