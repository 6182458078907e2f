"""HTML for mail programs: styles inlined, since many of them drop a style sheet."""

from __future__ import annotations

import logging

from premailer import Premailer

DOCTYPE = "<!DOCTYPE html>\n"


def inline(html: str) -> str:
    """The page with its styles as attributes; media queries stay in the head.

    Nothing is fetched. Markers such as @@UNSUBSCRIBE@@ survive.
    """
    if not html.strip():  # a template may be empty, and premailer cannot read that
        return DOCTYPE
    inlined: str = Premailer(
        html,
        allow_network=False,
        allow_loading_external_files=False,
        disable_validation=True,
        keep_style_tags=True,  # for the media queries: dark mode, small screens
        strip_important=False,  # the media queries need it against inlined styles
        remove_classes=False,
        include_star_selectors=False,
        cssutils_logging_level=logging.CRITICAL,
        disable_leftover_css=False,
    ).transform()
    # premailer drops the doctype, without which mail programs fall into quirks mode.
    return inlined if inlined.lstrip()[:9].lower() == "<!doctype" else DOCTYPE + inlined
