"""Feeds: what is in a feed document (pure), the formats, and the files under `feeds/`."""
