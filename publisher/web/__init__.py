"""What the outside meets over HTTP."""
