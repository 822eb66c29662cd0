"""`angarium quarantine`: entries in quarantine and batches set aside, listed and replayed."""
