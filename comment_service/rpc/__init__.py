"""The gRPC edge: one file a service, beside ``api/``, which is the HTTP edge."""
