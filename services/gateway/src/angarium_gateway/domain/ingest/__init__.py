"""Webhooks of other senders: their types, and how each is verified and read."""
