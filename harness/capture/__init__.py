"""First contact with a unit that nobody has seen: what it shows to somebody who only looks, without its secrets."""
