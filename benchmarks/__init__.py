"""Measured numbers: each is a ratio against a peer, or a growth, measured in the same run."""
