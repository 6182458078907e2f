"""Files that come with the software: in a wheel they lie here, in a checkout at its top."""

from __future__ import annotations

from pathlib import Path


def place_of(name: str) -> Path:
    """Where a packaged file or folder is, such as `email_templates` or `config.toml`."""
    inside = Path(__file__).parent / name
    return inside if inside.exists() else Path(__file__).parents[2] / name
