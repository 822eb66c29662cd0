"""The worker's ends of the streams."""
