"""Egress rules: the hosts, ports and addresses that webhooks may reach."""
