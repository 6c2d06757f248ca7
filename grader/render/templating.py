"""Templates of HTML pages: everything is escaped, and what is missing is an error."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


@lru_cache(maxsize=4)
def load_template(package: str, name: str) -> Template:
    """Return a template of a package's folder `templates`, compiled once for a whole class."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # For start-up time.

    folder = resources.files(package).joinpath("templates")
    environment = Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
