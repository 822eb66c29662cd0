"""What requests and answers look like on the wire: the shapes of the Svix API."""
