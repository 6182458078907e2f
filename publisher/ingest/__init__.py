"""What comes in: one module per kind of source, one cleaning step for all of them."""
