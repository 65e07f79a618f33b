"""A component of the pages: markup, style and scripts from files of one name."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


@cache
def component(name: str, label: str, *scripts: str) -> Any:
    """The Streamlit component of NAME.css and NAME.js, made once.

    Args:
        label: what a screen reader calls it.
        scripts: text of further scripts that NAME.js needs.
    """
    from streamlit.components import v2

    own = [(_HERE / file).read_text(encoding="utf-8") for file in ("mount.js", f"{name}.js")]
    return v2.component(
        f"vbench_lite_{name}",
        html=f'<div class="{name}" role="region" aria-label="{label}"></div>',
        css=(_HERE / f"{name}.css").read_text(encoding="utf-8"),
        js="\n".join([*scripts, *own]),
    )
