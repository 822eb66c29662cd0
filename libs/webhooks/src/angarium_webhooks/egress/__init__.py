"""Where webhooks may go: the rules for hosts, ports and addresses, and what they say of a URL."""
