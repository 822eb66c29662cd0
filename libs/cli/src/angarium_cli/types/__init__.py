"""Types of programming languages for the payloads of the catalog's event types."""
