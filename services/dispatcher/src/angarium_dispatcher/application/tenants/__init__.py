"""Creating, changing and deleting what a tenant has: applications, event types, its policy."""
