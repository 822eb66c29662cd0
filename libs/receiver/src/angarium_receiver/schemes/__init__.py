"""Schemes of other senders than those of Standard Webhooks."""
