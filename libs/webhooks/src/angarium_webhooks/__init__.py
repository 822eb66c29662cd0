"""Webhook rules and flows that several services share: URLs, headers, certificates, directory."""
