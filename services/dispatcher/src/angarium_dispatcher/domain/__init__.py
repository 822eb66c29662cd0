"""What the dispatcher knows: configuration rules, matching, chunking. Pure."""
