"""What the commands for users of the API share: profiles, the HTTP client, output."""
