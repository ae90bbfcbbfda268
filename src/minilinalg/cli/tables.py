"""Tables for people: drawn by rich on a terminal, plain columns where the output goes to a file or a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence

Rows = Sequence[Sequence[str]]


def show_table(title: str, columns: Sequence[str], rows: Rows) -> None:
    """Prints rows of texts under their columns. What is piped stays one row a line, so that it can be searched."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        drawn = Table(title=title, title_justify="left", title_style="bold")
        for column in columns:
            drawn.add_column(column)
        for row in rows:
            # Text, because in a plain str rich would take [brackets] for markup.
            drawn.add_row(*(Text(cell) for cell in row))
        Console().print(drawn)
        return
    widths = [max(len(row[i]) for row in (columns, *rows)) for i in range(len(columns))]
    print(title)
    for row in (columns, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
