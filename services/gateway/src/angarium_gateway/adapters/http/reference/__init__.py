"""The API reference: the OpenAPI document, its examples and samples, and the page at /docs."""
