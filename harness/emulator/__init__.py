"""The emulated unit: certstore behind the protocols of the real one. It knows nothing of who drives it."""
