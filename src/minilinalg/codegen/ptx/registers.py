"""Registers that change places, and what lanes of a warp tell one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minilinalg.codegen.ptx.elements import Element, Operand
from minilinalg.codegen.ptx.writer import ALL, Handler, Writer
from minilinalg.dialects.simt import ShuffleKind, VoteKind
from minilinalg.dialects.simt.types import count_of
from minilinalg.dialects.tt.attributes import ProgramDim

EVERY_LANE = -1

# Within a thread: names only


def _vector_shuffle(w: Writer, op: Any) -> None:
    both = [*w.values[op.v1], *w.values[op.v2]]
    w.values[op.result] = [both[number] for number in op.mask.get_values()]


def _broadcast(w: Writer, op: Any) -> None:
    source = w.values[op.source]
    if len(source) != 1:
        raise w.unsupported(f"'{op.name}' of {len(source)} elements", "one element is repeated")
    w.values[op.results[0]] = [source[0]] * count_of(op.results[0].type)


def _extract(w: Writer, op: Any) -> None:
    places = op.static_position.get_values()
    source = w.values[op.operands[0]]
    if len(op.operands) != 1 or len(places) != 1:
        raise w.unsupported(f"'{op.name}' at a place that is not constant", "registers have no addresses")
    w.values[op.results[0]] = [source[places[0]]]


def _same(w: Writer, op: Any) -> None:
    w.values[op.results[0]] = w.values[op.operands[0]]


# Between lanes

SHUFFLES = {
    ShuffleKind.IDX: ("idx", 31),
    ShuffleKind.BFLY: ("bfly", 31),
    ShuffleKind.UP: ("up", 0),
    ShuffleKind.DOWN: ("down", 31),
}
"""Kind -> that of shfl, and the lane at which it stops."""


def through_words(w: Writer, elements: Sequence[Element], bits: int, move: Callable[[Operand], str]) -> list[Element]:
    """The elements, each register of 32 bits moved."""
    if bits == 1:
        numbers = [w.pure("r", "selp.b32", 1, 0, w.predicate(x)) for x in elements]
        return [w.pure("p", "setp.ne.s32", move(x), 0) for x in numbers]
    if bits < 64:
        return w.parts([move(word) for word in w.words(elements, bits)], bits, len(elements))
    found: list[Element] = []
    for element in elements:
        low, high = w.new("r"), w.new("r")
        w.raw(f"mov.b64 {{{low}, {high}}}, {w.register(element, 'd')};", (low, high), needed=False)
        whole = w.new("d")
        w.raw(f"mov.b64 {whole}, {{{move(low)}, {move(high)}}};", (whole,), needed=False)
        found.append(whole)
    return found


def _shuffle(w: Writer, op: Any) -> None:
    kind, stop = SHUFFLES[ShuffleKind.of(op.kind)]
    lane = w.number(w.values[op.lane][0])

    def move(word: Operand) -> str:
        into = w.new("r")
        w.raw(f"shfl.sync.{kind}.b32 {into}, {w.register(word)}, {lane}, {stop}, {EVERY_LANE};", (into,), needed=False)
        return into

    w.values[op.result] = through_words(w, w.values[op.value], w.bits(op.value), move)


def _vote(w: Writer, op: Any) -> None:
    kind = VoteKind.of(op.kind)
    ballot = kind is VoteKind.BALLOT
    name = "ballot.b32" if ballot else f"{kind.keyword}.pred"
    found: list[Element] = []
    for element in w.values[op.value]:
        into = w.new("r" if ballot else "p")
        w.raw(f"vote.sync.{name} {into}, {w.predicate(element)}, {EVERY_LANE};", (into,), needed=False)
        found.append(into)
    w.values[op.result] = found


# Where a thread is


def _special(name: str, zeros: Callable[[Writer], int]) -> Handler:
    def handle(w: Writer, op: Any) -> None:
        axis = ProgramDim.of(op.axis).keyword if name != "tid" else "x"
        register = w.pure("r", "mov.b32", f"%{name}.{axis}")
        w.zeros[register] = zeros(w)
        w.values[op.results[0]] = [register]

    return handle


def _above_threads(w: Writer) -> int:
    return ALL << (w.threads - 1).bit_length() & ALL


def _sign(w: Writer) -> int:
    """A grid has less than 2^31 blocks along x."""
    return 1 << 31


def _barrier(w: Writer, op: Any) -> None:
    w.raw("bar.sync 0;")


def _grid_dependency(what: str) -> Handler:
    def handle(w: Writer, op: Any) -> None:
        w.raw(f"griddepcontrol.{what};")

    return handle


HANDLERS: Mapping[str, Handler] = {
    "vector.shuffle": _vector_shuffle,
    "vector.broadcast": _broadcast,
    "vector.extract": _extract,
    "simt.uniform": _same,
    "simt.shuffle": _shuffle,
    "simt.vote": _vote,
    "simt.thread_id": _special("tid", _above_threads),
    "simt.block_id": _special("ctaid", _sign),
    "simt.num_blocks": _special("nctaid", lambda w: 0),
    "simt.barrier": _barrier,
    "simt.grid_dependency_launch_dependents": _grid_dependency("launch_dependents"),
    "simt.grid_dependency_wait": _grid_dependency("wait"),
}
