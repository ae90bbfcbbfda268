"""A picture of a layout as SVG: cells as rectangles, coloured by warp or by bank."""

from __future__ import annotations

from html import escape

from minilinalg.layouts.drawing import Picture

CHARACTER, LINE, MARGIN = 7, 16, 12
"""Pixels: the width of a character, the height of a line, the room around everything."""


def svg_of(picture: Picture) -> str:
    """The picture as the text of an SVG file. A cell's tooltip is its label."""
    longest = max(len(cell.label) for _, rows in picture.sheets for row in rows for cell in row)
    width, height = CHARACTER * (longest + 1), LINE + 6
    body: list[str] = []
    y = MARGIN

    def write(text: str) -> None:
        nonlocal y
        y += LINE
        body.append(f'<text x="{MARGIN}" y="{y - 4}" xml:space="preserve">{escape(text)}</text>')

    for fact in picture.facts:
        write(fact)
    for title, rows in picture.sheets:
        y += LINE // 2
        if title:
            write(title)
        for row in rows:
            for column, cell in enumerate(row):
                x = MARGIN + column * width
                body.append(
                    f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{_colour(cell.colour, picture)}"/>'
                    f'<text x="{x + width // 2}" y="{y + LINE}" class="cell">{escape(cell.label)}</text>'
                )
            y += height
    columns = max(len(row) for _, rows in picture.sheets for row in rows)
    right = MARGIN * 2 + max(columns * width, CHARACTER * max(map(len, picture.facts)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{right}" height="{y + MARGIN}">\n'
        "<style>text { font: 12px monospace; } .cell { text-anchor: middle; } rect { stroke: #fff; }</style>\n"
        '<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _colour(number: int, picture: Picture) -> str:
    """Light colours all around the wheel, one for each warp or bank."""
    return f"hsl({360 * number // picture.colours}, 70%, 82%)"
