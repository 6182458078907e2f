"""The desk: where the newsroom's own people work.

A room is a file with `doors`: addresses, each with what answers GET and what answers POST there.
`guard.py` lets people in, `asked.py` is what a room is told and what it says. Rooms are plain
functions that run in threads; what they do to articles, editions and readers is the pipeline's.
"""
