"""`minilinalg layout`: its drawings to the letter (in docs/layouts.md), and what they say. Errors: tests/errors."""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from test_docs import CONSOLE, SHOWN

from minilinalg.cli.main import main
from minilinalg.dialects.ttg import (
    BlockedEncodingAttr,
    DistributedLayout,
    PaddedSharedEncodingAttr,
    SharedLayoutAttribute,
)
from minilinalg.layouts.drawing import draw_registers, draw_shared
from minilinalg.layouts.shared import SharedLayout
from minilinalg.parsing import parse_attribute

PAGE = Path(__file__).resolve().parents[1] / "docs" / "layouts.md"
SESSIONS = SHOWN.findall("".join(CONSOLE.findall(PAGE.read_text(encoding="utf-8"))))
BLOCKED = "#ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>"


def shown(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(argv) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("session", SESSIONS, ids=range(len(SESSIONS)))
def test_drawings_of_the_documentation(session: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    command, expected = session
    program, *argv = shlex.split(command)
    assert program == "minilinalg"
    assert shown(capsys, *argv).strip() == expected.strip()


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "layout", "--help")
    assert out.startswith("usage: minilinalg layout LAYOUT SHAPE") and "--element-bits" in out
    for line in out[out.index("examples:") :].splitlines()[1:]:
        argv = shlex.split(line)[1:]
        assert main([*argv[:3], "-o", "-"]) == 0


@pytest.mark.parametrize(
    ("text", "shape", "line"),
    [
        # Rank three: a sheet for each matrix; two blocks; elements of another width.
        (
            "#ttg.blocked<{sizePerThread = [1, 1, 2], threadsPerWarp = [2, 4, 4], warpsPerCTA = [1, 1, 1], "
            "order = [2, 1, 0]}>",
            "2x4x8",
            "[1, :, :]\nT16:0 T17:0 T18:0 T19:0\n",
        ),
        (
            "#ttg.blocked<{sizePerThread = [2], threadsPerWarp = [32], warpsPerCTA = [1], order = [0], "
            "CGALayout = [[1]]}>",
            "128",
            " B0 T31:0 B1 T0:0  B1 T1:0 ",
        ),
        (
            "#ttg.nvmma_shared<{swizzlingByteWidth = 32, transposed = false, elementBitWidth = 16}>",
            "8x16",
            "\n72 b4   64 b0\n",
        ),
        (
            "#ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0], CGALayout = [[1]]}>",
            "16",
            "B1 4 b4",
        ),
        (
            "#ttg.linear<{register = [], lane = [[0], [0], [0], [0], [0]], warp = [[1]], block = []}>",
            "2",
            "\nT0:0  T32:0",
        ),
        (
            "#ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>",
            "1",
            "1 elements in 1 register x 32 lanes x 1 warp x 1 block",
        ),
    ],
)
def test_drawings(text: str, shape: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert line in shown(capsys, "layout", text, shape)


def test_every_cell_is_where_the_layout_says() -> None:
    for text, shape in ((BLOCKED, (32, 64)), (f"#ttg.dot_op<{{opIdx = 1, parent = {BLOCKED}}}>", (32, 64))):
        attribute = parse_attribute(text)
        assert isinstance(attribute, DistributedLayout)
        layout = attribute.linear_layout(shape)
        picture = draw_registers(layout)
        ((_, rows),) = picture.sheets
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                thread, register = map(int, re.findall(r"\d+", cell.label))
                element = layout.apply(register=register, lane=thread % 32, warp=thread // 32)
                assert element == (i * picture.box[0], j * picture.box[1])
                assert cell.colour == thread // 32


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize(
    "text",
    [
        "#ttg.swizzled_shared<{vec = 8, perPhase = 2, maxPhase = 4, order = [0, 1]}>",
        "#ttg.padded_shared<[16:+4, 64:+8] {order = [1, 0], shape = [16, 32]}>",
    ],
)
def test_every_cell_is_in_its_bank(text: str, bits: int) -> None:
    attribute = parse_attribute(text)
    assert isinstance(attribute, SharedLayoutAttribute)
    memory = attribute.memory((16, 32))
    picture = draw_shared(memory, bits)
    ((_, rows),) = picture.sheets
    seen: set[int] = set()
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            address, bank = map(int, re.findall(r"\d+", cell.label))
            assert bank == cell.colour == address * bits // 8 // 4 % 32
            assert address not in seen
            seen.add(address)
            places = {memory.address(offset): offset for offset in range(512)}
            for di in range(picture.box[0]):
                for dj in range(picture.box[1]):
                    step = max(di, dj) if 1 in picture.box else di * picture.box[1] + dj
                    where = memory.linear.apply(offset=places[address + step])
                    assert where == (i * picture.box[0] + di, j * picture.box[1] + dj)


def test_svg_is_xml_with_every_cell(tmp_path: Path) -> None:
    file = tmp_path / "x.svg"
    assert main(["layout", BLOCKED, "16x32", "-o", str(file)]) == 0
    root = ET.fromstring(file.read_text())
    name = "{http://www.w3.org/2000/svg}"
    cells = [text.text for text in root.iter(f"{name}text") if text.get("class") == "cell"]
    assert cells[:2] == ["T0:0", "T1:0"] and len(cells) == 128
    fills = {rect.get("fill") for rect in root.iter(f"{name}rect")}
    assert len(fills) == 4 + 1, "a colour for each warp, and the background"


def test_text_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.txt"
    assert main(["layout", BLOCKED, "16x32", "-o", str(file)]) == 0
    assert capsys.readouterr().out == ""
    assert file.read_text() == shown(capsys, "layout", BLOCKED, "16x32")


def test_attributes_made_in_python_are_those_of_the_text() -> None:
    assert parse_attribute(BLOCKED) == BlockedEncodingAttr([1, 4], [4, 8], [4, 1], [1, 0])
    padded = parse_attribute("#ttg.padded_shared<[4:+1] {order = [0, 1], shape = [4, 8]}>")
    assert isinstance(padded, PaddedSharedEncodingAttr)
    assert padded.memory((4, 8)) == SharedLayout(padded.given(), ((4, 1),))
    assert padded.given().bases("offset") == [(1, 0), (2, 0), (0, 1), (0, 2), (0, 4)]
    assert PaddedSharedEncodingAttr([(4, 1)], padded.given()) == padded
