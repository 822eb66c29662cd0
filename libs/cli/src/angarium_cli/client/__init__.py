"""Profiles, the HTTP client and output of the commands for users of the API."""
