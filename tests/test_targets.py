"""Target files: what a pass may ask, and every impossible machine with its message and place."""

from __future__ import annotations

import dataclasses
import re
from fractions import Fraction
from pathlib import Path

import pytest

import minilinalg.targets as targets
from minilinalg.errors import CommandError, InputError, UnsupportedError
from minilinalg.targets import INSTRUCTION_CLASSES, FigureError, list_targets, load_target, parse_target
from minilinalg.toml_document import TomlDocument

TINY_TEXT = (Path(targets.__file__).parent / "tiny-simd.toml").read_text()


def refused(text: str) -> str:
    """The message, without the number of the line; that the line shown is the line of that number is checked here."""
    with pytest.raises(InputError) as caught:
        parse_target(TomlDocument.parse(text, "mine.toml"))
    match = re.fullmatch(r"mine\.toml:(\d+):(\d+: error: [^\n]*\n  ([^\n]*)\n.*)", str(caught.value), re.DOTALL)
    assert match is not None
    assert text.splitlines()[int(match[1]) - 1] == match[3]
    return match[2]


def changed(old: str, new: str, text: str = TINY_TEXT) -> str:
    """The text with the first `old` replaced: one mistake in a machine that is fine otherwise."""
    assert old in text
    return text.replace(old, new, 1)


# --- what passes ask -----------------------------------------------------------------------------------------------


def test_shipped_targets_load():
    assert list_targets() == ["a100", "h200", "mlu370", "tiny-simd", "tiny-simt"]
    for name in list_targets():
        assert load_target(name).name == name
        assert load_target(name) is load_target(name)


@pytest.mark.parametrize("name", [name for name in list_targets() if load_target(name).kind == "simt"])
def test_every_figure_of_a_shipped_simt_target_has_a_source(name: str):
    target = load_target(name)
    parts = {
        "machine": target.machine,
        "multiprocessor": target.multiprocessor,
        "memory": target.memory,
        "throughput": target.throughput,
        "latency": target.latency,
        "tensor_cores": target.tensor_cores,
        "tile_copies": target.tile_copies,
    }
    assert set(target.sources) == {
        f"{part}.{item.name}"
        for part, figures in parts.items()
        if figures is not None
        for item in dataclasses.fields(figures)
        if getattr(figures, item.name) is not None
    }


def test_h200_agrees_with_its_announcement():
    target = load_target("h200")
    tera = 2 * target.cores * target.machine.clock_hz / 1e12
    for size, announced in ((8, 1979), (16, 989.4), (32, 494.7), (64, 66.9)):
        assert getattr(target.tensor_cores, f"macs_{size}") * tera == pytest.approx(announced, rel=0.1)


SIMT_REFUSALS = {
    "a block larger than its multiprocessor": (
        ("shared_per_block = 232_448", "shared_per_block = 232_449"),
        "20: error: shared_per_block is 232449\n"
        "  shared_per_block = 232_449\n"
        "                     ^^^^^^^\n"
        "  rule: a block and what is reserved for it fit into shared, 233472",
    ),
    "a warp of 64": (
        ("threads_per_warp = 32", "threads_per_warp = 64"),
        "20: error: threads_per_warp is 64\n"
        "  threads_per_warp = 64\n"
        "                     ^^\n"
        "  rule: threads_per_warp is 32: what a thread of stage simt does is written for that",
    ),
    "a table of the other kind": (
        ("[memory]", "[vector]\nalignment = 1\n[memory]"),
        "1: error: unknown key 'vector' in a target file\n"
        "  [vector]\n"
        "  ^^^^^^^^\n"
        "  rule: its keys are: name, kind, description, machine, multiprocessor, memory, throughput, latency, "
        "tensor_cores, tile_copies",
    ),
}


@pytest.mark.parametrize("case", SIMT_REFUSALS, ids=str)
def test_impossible_simt_machine(case: str):
    (old, new), message = SIMT_REFUSALS[case]
    text = (Path(targets.__file__).parent / "h200.toml").read_text(encoding="utf-8")
    assert refused(changed(old, new, text)) == message


@pytest.mark.parametrize("name", [name for name in list_targets() if load_target(name).kind == "simd"])
def test_every_figure_of_a_shipped_target_has_a_source(name: str):
    target = load_target(name)
    keys = {f"machine.{key}" for key in ("clusters", "cores_per_cluster", "clock_hz")}
    parts = {f"space.{space.name}": space for space in target.spaces}
    parts |= {f"path.{index}": path for index, path in enumerate(target.paths)}
    parts |= {f"instruction.{name}": cost for name, cost in target.instructions.items()}
    parts |= {"vector": target.vector, "scalar": target.scalar, "matrix": target.matrix_unit}
    for prefix, part in parts.items():
        keys |= {
            f"{prefix}.{item.name}"
            for item in dataclasses.fields(part)
            if "least" in item.metadata and getattr(part, item.name) is not None
        }
    assert set(target.sources) == keys
    assert all(source.startswith(("chosen", "guide: ", "announcement: ")) for source in target.sources.values())


def test_mlu370_agrees_with_its_announcement():
    target = load_target("mlu370")
    tera = 2 * target.cores * target.clock_hz / 1e12
    for size, announced in ((1, 256), (2, 96), (4, 24)):
        assert 0.85 * announced < tera * target.matrix_unit.macs(size) <= announced
    bandwidth = target.global_space.bytes_per_cycle
    assert bandwidth is not None
    assert Fraction(bandwidth) * target.clock_hz == pytest.approx(307.2e9, rel=1e-3)
    assert (target.vector_space.usable, target.vector_space.capacity) == (655_360, 786_432)


def test_queries():
    target = load_target("tiny-simd")
    assert target.cores == 2
    assert [space.name for space in (target.global_space, target.vector_space, target.weights_space)] == [
        "gdram",
        "nram",
        "wram",
    ]
    assert target.shared_space is target.space("sram") is target.role("shared")
    assert target.path("gdram", "nram").pipe == "io_dma"
    assert target.has_path("nram", "wram") and not target.has_path("wram", "nram")
    assert target.vector.count_multiple(4) == 4
    assert [target.vector.padded(count, 4) for count in (0, 1, 4, 5)] == [0, 4, 4, 8]
    assert target.instruction("nonlinear").passes == 6
    assert target.seconds(1_000) == 1e-6
    assert hash(target) == hash(load_target("tiny-simd"))


def test_count_multiple_in_bytes():
    unit = dataclasses.replace(load_target("tiny-simd").vector, count=32, count_unit="bytes")
    assert [unit.count_multiple(size) for size in (1, 2, 4, 8)] == [32, 16, 8, 4]


def test_a_machine_need_not_have_weights_memory():
    text = TINY_TEXT[: TINY_TEXT.index("[space.wram]")] + TINY_TEXT[TINY_TEXT.index("[[path]]") :]
    text = "[[path]]".join(part for part in text.split("[[path]]") if 'to = "wram"' not in part or "[vector]" in part)
    text = text[: text.index("[matrix]")] + text[text.index("[instruction]") :]
    target = parse_target(TomlDocument.parse(text))
    with pytest.raises(UnsupportedError, match="target 'tiny-simd' has no weights memory"):
        _ = target.weights_space
    with pytest.raises(UnsupportedError, match="target 'tiny-simd' has no matrix unit"):
        _ = target.matrix_unit


def test_width_that_the_matrix_unit_lacks():
    with pytest.raises(UnsupportedError) as caught:
        load_target("mlu370").matrix_unit.macs(8)
    assert str(caught.value) == (
        "error: a matrix product of 64-bit operands\n  rule: the matrix unit multiplies 8 bits, 16 bits, 32 bits"
    )


def test_a_user_file_loads(tmp_path: Path):
    file = tmp_path / "big.toml"
    file.write_text(changed("cores_per_cluster = 2", "cores_per_cluster = 16"))
    assert load_target(file).cores == load_target(str(file)).cores == 16


def test_bandwidth_need_not_be_whole():
    text = changed("bytes_per_cycle = 8", "bytes_per_cycle = 0.5")
    assert parse_target(TomlDocument.parse(text)).global_space.bytes_per_cycle == 0.5


def test_bare_figures_need_no_source():
    target = parse_target(TomlDocument.parse(TINY_TEXT.replace('\nsource = "chosen"\n', "\n")))
    assert target == load_target("tiny-simd")
    assert "vector.count" in target.sources and "space.sram.usable" not in target.sources


# --- what is refused -----------------------------------------------------------------------------------------------


def test_unknown_target():
    with pytest.raises(CommandError) as caught:
        load_target("tiny-smid")
    assert str(caught.value) == (
        "error: unknown target 'tiny-smid'\n"
        "  rule: a target is one of: a100, h200, mlu370, tiny-simd, tiny-simt\n"
        "  hint: did you mean 'tiny-simd'?"
    )


def test_missing_file():
    with pytest.raises(CommandError) as caught:
        load_target("nowhere/mine.toml")
    assert str(caught.value) == (
        "error: there is no file 'nowhere/mine.toml'\n"
        "  rule: a target is the name of one that comes along, or the path of a TOML file"
    )


def test_file_of_another_kind(tmp_path: Path):
    file = tmp_path / "machine.json"
    file.write_text("{}")
    with pytest.raises(CommandError) as caught:
        load_target(file)
    assert str(caught.value) == f"error: '{file}' is no target file\n  rule: a target file's name ends in .toml"


def test_file_that_is_no_text(tmp_path: Path):
    file = tmp_path / "machine.toml"
    file.write_bytes(b"name = '\xff'")
    with pytest.raises(InputError, match="is not text: byte 8 is 0xff"):
        load_target(file)


REFUSALS = {
    "not TOML": (
        ("clusters = 1", "clusters = "),
        "12: error: not TOML: invalid value\n  clusters = \n             ^",
    ),
    "zero": (
        ("cores_per_cluster = 2", "cores_per_cluster = 0"),
        "21: error: cores_per_cluster is 0\n"
        "  cores_per_cluster = 0\n"
        "                      ^\n"
        "  rule: cores_per_cluster is positive",
    ),
    "negative": (
        ("startup = 10", 'startup = { value = -1, source = "wrong" }'),
        "11: error: startup is -1\n"
        '  startup = { value = -1, source = "wrong" }\n'
        "            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  rule: startup is at least 0",
    ),
    "usable over capacity": (
        ("usable = 4_096", "usable = 8_192"),
        "10: error: usable is 8192\n  usable = 8_192\n           ^^^^^\n  rule: usable is at most capacity, 4096",
    ),
    "capacity no multiple of alignment": (
        ("capacity = 4_096\nusable = 4_096", "capacity = 4_100\nusable = 4_096"),
        "12: error: capacity is 4100\n"
        "  capacity = 4_100\n"
        "             ^^^^^\n"
        "  rule: capacity is a multiple of alignment, 16",
    ),
    "alignment no power of two": (
        ("alignment = 16", "alignment = 24"),
        "13: error: alignment is 24\n  alignment = 24\n              ^^\n  rule: alignment is a power of two",
    ),
    "unknown key": (
        ("capacity = 16_384", "capactiy = 16_384"),
        "1: error: unknown key 'capactiy' in [space.sram]\n"
        "  capactiy = 16_384\n"
        "  ^^^^^^^^\n"
        "  rule: its keys are: role, scope, capacity, usable, alignment, bytes_per_cycle, source\n"
        "  hint: did you mean 'capacity'?",
    ),
    "unknown table": (
        ("[vector]", "[vektor]"),
        "1: error: unknown key 'vektor' in a target file\n"
        "  [vektor]\n"
        "  ^^^^^^^^\n"
        "  rule: its keys are: name, kind, description, machine, space, path, vector, scalar, matrix, instruction\n"
        "  hint: did you mean 'vector'?",
    ),
    "unknown key of a figure": (
        ("startup = 10", 'startup = { value = 10, sauce = "x" }'),
        "25: error: unknown key 'sauce' in [path.startup]\n"
        '  startup = { value = 10, sauce = "x" }\n'
        "                          ^^^^^\n"
        "  rule: its keys are: value, source\n"
        "  hint: did you mean 'source'?",
    ),
    "missing figure": (
        ("granule = 8\n", ""),
        "1: error: no 'granule' in [path]\n"
        "  [[path]]\n"
        "  ^^^^^^^^\n"
        "  rule: its keys are: from, to, pipe, issue, startup, bytes_per_cycle, granule, row, dims, index, "
        "atomic, source",
    ),
    "missing value": (
        ("startup = 10", 'startup = { source = "x" }'),
        "11: error: no 'value' in [path.startup]\n"
        '  startup = { source = "x" }\n'
        "            ^^^^^^^^^^^^^^^^\n"
        "  rule: its keys are: value, source",
    ),
    "missing name": (
        ('name = "tiny-simd"\n', ""),
        "1: error: no 'name' in a target file\n"
        "  # A machine small enough to follow a run by hand: one cluster of two cores, round figures.\n"
        "  ^\n"
        "  rule: its keys are: name, kind, description, machine, space, path, vector, scalar, matrix, instruction",
    ),
    "missing class": (
        ('logic = { issue = 1, latency = 2, passes = 1, source = "chosen" }\n', ""),
        "1: error: no cost of class 'logic'\n"
        "  [instruction]\n"
        "  ^^^^^^^^^^^^^\n"
        f"  rule: every class has a cost: {', '.join(INSTRUCTION_CLASSES)}",
    ),
    "unknown class": (
        ("nonlinear = { issue", "non_linear = { issue"),
        "1: error: unknown key 'non_linear' in [instruction]\n"
        '  non_linear = { issue = 1, latency = 4, passes = 6, source = "chosen" }\n'
        "  ^^^^^^^^^^\n"
        f"  rule: its keys are: {', '.join(INSTRUCTION_CLASSES)}\n"
        "  hint: did you mean 'nonlinear'?",
    ),
    "figure that is a text": (
        ("clock_hz = 1_000_000_000", 'clock_hz = "1 GHz"'),
        '12: error: clock_hz is "1 GHz"\n'
        '  clock_hz = "1 GHz"\n'
        "             ^^^^^^^\n"
        "  rule: clock_hz is a whole number",
    ),
    "figure that is a fraction": (
        ("startup = 10", "startup = 1.5"),
        "11: error: startup is 1.5\n  startup = 1.5\n            ^^^\n  rule: startup is a whole number",
    ),
    "figure that is no number": (
        ("bytes_per_cycle = 8", "bytes_per_cycle = nan"),
        "19: error: bytes_per_cycle is nan\n"
        "  bytes_per_cycle = nan\n"
        "                    ^^^\n"
        "  rule: bytes_per_cycle is positive",
    ),
    "bandwidth without end": (
        ("bytes_per_cycle = 8", "bytes_per_cycle = inf"),
        "19: error: bytes_per_cycle is inf\n"
        "  bytes_per_cycle = inf\n"
        "                    ^^^\n"
        "  rule: bytes_per_cycle is positive",
    ),
    "figure that no counter holds": (
        ("startup = 10", "startup = 99999999999999999999"),
        "11: error: startup is 99999999999999999999\n"
        "  startup = 99999999999999999999\n"
        "            ^^^^^^^^^^^^^^^^^^^^\n"
        "  rule: startup is at most 2**48",
    ),
    "figure that is a truth value": (
        ("row = 1", "row = true"),
        "7: error: row is true\n  row = true\n        ^^^^\n  rule: row is a whole number",
    ),
    "table that is none": (
        ("[scalar]", "[vector.x]\ny = 1\n[scalar]"),
        "1: error: unknown key 'x' in [vector]\n"
        "  [vector.x]\n"
        "  ^^^^^^^^^^\n"
        "  rule: its keys are: bytes_per_cycle, alignment, count_unit, count, source",
    ),
    "text that is a number": (
        ('from = "gdram"', "from = 3"),
        "8: error: from is 3\n  from = 3\n         ^\n  rule: from is a text",
    ),
    "unknown role": (
        ('role = "vector"', 'role = "vectors"'),
        "8: error: role is 'vectors'\n"
        '  role = "vectors"\n'
        "         ^^^^^^^^^\n"
        "  rule: role is one of: global, shared, vector, weights\n"
        "  hint: did you mean 'vector'?",
    ),
    "scope of another role": (
        ('scope = "cluster"', 'scope = "core"'),
        "9: error: scope is 'core'\n"
        '  scope = "core"\n'
        "          ^^^^^^\n"
        "  rule: a shared space is one of the cluster's",
    ),
    "two spaces of a role": (
        ('role = "shared"\nscope = "cluster"', 'role = "global"\nscope = "chip"\nbytes_per_cycle = 1'),
        "8: error: 'gdram' and 'sram' are both the global space\n"
        '  role = "global"\n'
        "         ^^^^^^^^\n"
        "  rule: a role is one space's",
    ),
    "bandwidth of a memory of a core": (
        (
            'capacity = 4_096\nusable = 4_096\nalignment = 16\nsource = "chosen"',
            "capacity = 4_096\nusable = 4_096\nalignment = 16\nbytes_per_cycle = 4",
        ),
        "19: error: bytes_per_cycle in scope 'core'\n"
        "  bytes_per_cycle = 4\n"
        "                    ^\n"
        "  rule: a space of the chip, and no other, has bytes_per_cycle: the bandwidth that its cores share",
    ),
    "no bandwidth of the chip's memory": (
        ("bytes_per_cycle = 8\n", ""),
        "1: error: no bytes_per_cycle\n"
        "  [space.gdram]\n"
        "  ^^^^^^^^^^^^^\n"
        "  rule: a space of the chip, and no other, has bytes_per_cycle: the bandwidth that its cores share",
    ),
    "path to an unknown space": (
        ('to = "nram"', 'to = "nrma"'),
        "6: error: no space 'nrma'\n"
        '  to = "nrma"\n'
        "       ^^^^^^\n"
        "  rule: the spaces are: gdram, sram, nram, wram\n"
        "  hint: did you mean 'nram'?",
    ),
    "a path twice": (
        ('from = "nram"\nto = "gdram"', 'from = "gdram"\nto = "nram"'),
        "1: error: a second path from gdram to nram\n  [[path]]\n  ^^^^^^^^\n  rule: two spaces have at most one path",
    ),
    "no way out": (
        ('from = "nram"\nto = "gdram"', 'from = "wram"\nto = "gdram"'),
        "1: error: no path from nram to gdram\n"
        "  [[path]]\n"
        "  ^^^^^^^^\n"
        "  rule: global and vector memory have paths both ways",
    ),
    "unknown pipe": (
        ('pipe = "io_dma"', 'pipe = "io-dma"'),
        "8: error: pipe is 'io-dma'\n"
        '  pipe = "io-dma"\n'
        "         ^^^^^^^^\n"
        "  rule: pipe is one of: io_dma, move_dma\n"
        "  hint: did you mean 'io_dma'?",
    ),
    "unknown kind": (
        ('kind = "simd"', 'kind = "smid"'),
        "8: error: kind is 'smid'\n"
        '  kind = "smid"\n'
        "         ^^^^^^\n"
        "  rule: kind is one of: simd\n"
        "  hint: did you mean 'simd'?",
    ),
}


@pytest.mark.parametrize("case", REFUSALS, ids=str)
def test_impossible_machine(case: str):
    (old, new), message = REFUSALS[case]
    assert refused(changed(old, new)) == message


def test_no_vector_memory():
    start = TINY_TEXT.index("[space.nram]")
    text = TINY_TEXT[:start] + TINY_TEXT[TINY_TEXT.index("[space.wram]") :]
    assert refused(text) == (
        "1: error: no space has the role 'vector'\n"
        "  [space.gdram]\n"
        "  ^^^^^^^^^^^^^\n"
        "  rule: a machine has global and vector memory"
    )


def test_matrix_unit_without_weights_memory():
    text = TINY_TEXT[: TINY_TEXT.index("[space.wram]")] + TINY_TEXT[TINY_TEXT.index("[[path]]") :]
    text = "[[path]]".join(part for part in text.split("[[path]]") if 'to = "wram"' not in part or "[vector]" in part)
    assert "error: a matrix unit without a weights space" in refused(text)


def test_a_machine_made_in_python_is_refused_too():
    target = load_target("tiny-simd")
    with pytest.raises(FigureError, match="usable is 5000"):
        dataclasses.replace(target.vector_space, usable=5000)
    with pytest.raises(FigureError, match="clusters is 0"):
        dataclasses.replace(target, clusters=0)


# --- places in TOML ------------------------------------------------------------------------------------------------


def test_places_of_keys_and_values():
    text = (
        '"quoted key" = "a ] } # no comment"  # a comment [x]\n'
        "a.b = 3\n"
        "[table . 'sub']\n"
        "list = [1, # one\n"
        '  2, {deep = """x\n'
        '] }"""}]\n'
        "[[array]]\n"
        "k = 'one'\n"
        "[[array]]\n"
        "k = 1979-05-27T07:32:00Z\n"
        "[array.inner]\n"
        "w = +1.5e3\n"
    )
    document = TomlDocument.parse(text, "t.toml")
    places = {
        ("quoted key",): "t.toml:1:16",
        ("a", "b"): "t.toml:2:7",
        ("table", "sub"): "t.toml:3:1",
        ("table", "sub", "list", 1): "t.toml:5:3",
        ("table", "sub", "list", 2, "deep"): "t.toml:5:14",
        ("array", 0, "k"): "t.toml:8:5",
        ("array", 1, "k"): "t.toml:10:5",
        ("array", 1, "inner", "w"): "t.toml:12:5",
        ("array", 1, "missing"): "t.toml:9:1",
        ("nowhere",): "t.toml:1:1",
    }
    assert {keys: str(document.place(*keys)) for keys in places} == places
    assert str(document.key_place("array", 1, "inner", "w")) == "t.toml:12:1"
