"""What the worker does with a delivery; no framework, no I/O."""
