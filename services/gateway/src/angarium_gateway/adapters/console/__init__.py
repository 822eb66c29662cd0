"""The console and the portal in front of the API: pages and their assets, never data."""
