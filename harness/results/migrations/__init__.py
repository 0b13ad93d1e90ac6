"""The steps from each version of the database to the next; the program takes those that are missing by itself."""
