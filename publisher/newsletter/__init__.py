"""The digest: which editions are due, what is in one, and how a reader gets to see it."""
