"""Drives real or emulated Cisco TelePresence MCUs through upload, restart and handshake checks, in parallel."""
