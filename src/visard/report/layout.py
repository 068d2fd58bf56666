"""What every page of visard shares: one self-contained HTML file that reaches for nothing outside itself."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f4b; --bad: #c62828; --quiet: #8a8a8a }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1rem; margin: 0 0 .3rem; overflow-wrap: anywhere }
.sum { color: var(--quiet); margin: .3rem 0 2rem }
p { margin: .2rem 0 } .error { color: var(--bad) } .quiet { color: var(--quiet); font-size: .85rem }
table { border-collapse: collapse; width: 100%; font-size: .85rem; margin-top: .5rem }
td, th { text-align: left; padding: .1rem .4rem .1rem 0; border-top: 1px solid var(--line) }
td.number { text-align: right; font-variant-numeric: tabular-nums }
.passed { color: var(--good) } .doubt { color: var(--bad) }
"""


def page(title: str, heading: str, words: Sequence[str], body: str, style: str = "") -> str:
    """Return a page: heading, one line of words, and a body of HTML; style: CSS beside the common one."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head><body><h1>{escape(heading)}</h1>"
        f'<p class="sum">{escape(" · ".join(words))}</p>{body}</body></html>\n'
    )
