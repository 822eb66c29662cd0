"""What operators see of the platform: its processes, streams and findings, and its quarantine."""
