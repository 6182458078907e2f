"""One Jinja2 environment: the site's templates over the packaged ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    select_autoescape,
)
from jinja2 import TemplateError as JinjaError

from publisher.errors import TemplateError
from publisher.packaged import place_of

# The pages' templates lie beside what answers the requests for them.
WEB = Path(__file__).parents[1] / "web" / "templates"

# What a template can raise at the place where it is wrong.
_WRONG = (JinjaError, AttributeError, TypeError, ValueError, ArithmeticError, LookupError)


class Templates:
    """Renders templates by name. A changed file is picked up at once.

    What is inserted is escaped in .html, and a misspelt name is an error, not an empty place.
    Templates are the site's own files, trusted like its config.
    """

    def __init__(self, site_folder: Path | None) -> None:
        folders = [site_folder] if site_folder else []
        folders += [place_of("email_templates"), WEB]
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            autoescape=select_autoescape(["html", "xml"], default_for_string=True, default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )

    def look_again(self) -> None:
        """Find templates anew: a file that has come may take the place of another folder's."""
        if self._environment.cache is not None:
            self._environment.cache.clear()

    def render(self, name: str, **context: Any) -> str:
        """The template of that name, filled in.

        Raises TemplateError, which names the file and the line that is wrong.
        """
        try:
            return self._environment.get_template(name).render(**context)
        except TemplateNotFound as error:
            raise TemplateError(f"the template {error.name} does not exist") from error
        except TemplateSyntaxError as error:
            place = error.filename or error.name or name
            raise TemplateError(f"{place}:{error.lineno}: {error.message}") from error
        except RecursionError as error:
            raise TemplateError(f"{_line(error, name)}: it includes itself") from error
        except OSError as error:
            raise TemplateError(f"{error.filename or name}: {error.strerror}") from error
        except _WRONG as error:
            raise TemplateError(f"{_line(error, name)}: {error}") from error

    def broken(self) -> Iterator[str]:
        """File, line and fault of each template, ours and the site's, that is not written right."""
        for name in self._environment.list_templates(extensions=["html", "txt", "css"]):
            try:
                self._environment.get_template(name)
            except TemplateSyntaxError as error:
                yield f"{error.filename or name}:{error.lineno}: {error.message}"
            except (OSError, UnicodeDecodeError) as error:
                yield f"{name}: it cannot be read: {error}"


def _line(error: BaseException, name: str) -> str:
    """Where in a template an error came up: Jinja2 puts template lines into the traceback."""
    place, trace = name, error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.endswith((".html", ".txt", ".css")):
            place = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
