"""`angarium send` and `trigger`: payloads of messages."""
