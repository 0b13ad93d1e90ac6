"""The only place that opens client TLS."""
