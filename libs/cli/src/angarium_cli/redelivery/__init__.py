"""`angarium recover` and `replay`: previews, and tasks that are followed."""
