"""The stream of events: what happened in an application or a tenant, read from the ledgers."""
