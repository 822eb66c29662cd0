"""Operational webhooks: the tenant's own endpoints, and the events recorded for them."""
