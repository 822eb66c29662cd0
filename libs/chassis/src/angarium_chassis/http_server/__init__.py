"""The HTTP server of every port: uvicorn, with bounds on what unauthenticated clients send."""
