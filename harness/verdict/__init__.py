"""What a TLS port serves, put to a table of checks: each held, broken, or not measurable."""
