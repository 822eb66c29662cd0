"""Delivers: signs, sends, classifies, retries, records."""
