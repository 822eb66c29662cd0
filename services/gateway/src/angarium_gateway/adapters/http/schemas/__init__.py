"""Schemas of requests and answers: the shapes of the Svix API."""
