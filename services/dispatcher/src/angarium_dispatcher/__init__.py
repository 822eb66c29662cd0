"""The domain: applications, endpoints, event types; turns a message into deliveries."""
