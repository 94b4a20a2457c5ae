"""Documents on disk → sources → passages."""
