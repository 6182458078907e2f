"""`python -m publisher` is the same as the command `publisher`."""

from publisher.cli import main

main()
