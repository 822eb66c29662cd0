"""The gateway's side of the streams."""
