"""publisher: a newsroom's stored articles as feeds, pages and a daily digest mail."""

__version__ = "0.1.0"
