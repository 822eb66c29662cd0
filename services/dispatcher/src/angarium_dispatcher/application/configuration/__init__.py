"""Changing a tenant's configuration: transactions, what they touch, and what follows them."""
