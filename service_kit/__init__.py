"""What every process shares: settings, logs, metrics, the admin port, lifecycle, gRPC and HTTP edges."""
