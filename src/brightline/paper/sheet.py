"""Pages: one self-contained HTML file each, which nothing in it can make run or reach out.

Every value is escaped, and made visible (`paper.seen`), wherever it stands in a template. Should an escape ever fail,
the page's own Content-Security-Policy lets no script run, no address be fetched and no style stand but its own.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from brightline.paper.seen import seen


def page(template: str, **values: Any) -> str:
    """The page of `template`. The same values give the same bytes."""
    style = _SHEETS.get_template("style.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return _SHEETS.get_template(template).render(**values, style=Markup(style), policy=policy)  # noqa: S704 - our own


def _visible(value: Any) -> Any:
    return value if isinstance(value, Markup) else seen(str(value))


_SHEETS = Environment(
    loader=PackageLoader("brightline.paper", "."),
    autoescape=True,
    finalize=_visible,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
