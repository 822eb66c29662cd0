"""JSON Schema: checks of payloads, and event types in API descriptions."""
