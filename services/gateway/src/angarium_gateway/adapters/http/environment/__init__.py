"""A tenant's configuration as one document: export, differences, import."""
