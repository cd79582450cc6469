"""The HTTP API: one handler file a resource."""
