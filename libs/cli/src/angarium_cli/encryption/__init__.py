"""Rotation of the encryption key: which keys are needed, and everything sealed again."""
