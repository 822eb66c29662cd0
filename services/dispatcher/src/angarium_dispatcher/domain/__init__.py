"""Rules of the configuration, matching and chunking. Pure."""
