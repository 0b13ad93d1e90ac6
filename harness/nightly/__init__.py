"""A night: the suite over the chosen places, in a time that is given, with nobody there."""
