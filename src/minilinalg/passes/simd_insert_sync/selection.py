"""Which tokens are needed: all that conflicts ask for, less every one without which the order still holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minilinalg.analysis.pipe_order import Edge, Run, Search, Step, Touch, Waiter, search, steps_in, token_bit
from minilinalg.passes.simd_insert_sync.program import Program


def select_tokens(program: Program) -> None:
    """Sets `after` of all steps and `carries` of all edges of a program without any, to a smallest choice.

    Order is monotone in the tokens, so one round is enough: what was needed once stays needed when others go. The
    tokens of instructions far away are tried first, so that those that stay are near: an instruction that is behind
    its neighbour is behind all that the neighbour was behind.
    """
    waiters = [step for step in steps_in(program.steps) if isinstance(step, Run | Touch)]
    for step in waiters:
        step.after = _tokens(step.conflicts)
    asked = 0
    for step in waiters:
        asked |= step.conflicts
    edges = _edges(program.steps)
    for edge in edges:
        edge.may_carry = edge.carries = edge.may_carry & _tokens(asked)
    movers = [index for index in range(len(program.instructions)) if asked >> index & 1]
    removal = _Removal(program, movers)
    removal.all_that_can_go(_from_far_to_near(waiters))
    removal.all_that_can_go([(edge, token) for edge in edges for token in _bits(edge.carries)])


class _Removal:
    """Takes tokens away as long as no mover races. found: by case and mover, what the last search said."""

    def __init__(self, program: Program, movers: Sequence[int]):
        self.steps = program.steps
        # Bit 0 is no case.
        cases = range(0, 2 << program.cases, 2)
        self.found = {(case, mover): search(program.steps, mover, case) for case in cases for mover in movers}

    def all_that_can_go(self, tokens: Sequence[tuple[Waiter | Edge, int]]) -> None:
        """Halves, so that many that are not needed go at once."""
        if not tokens or self.together(tokens) or len(tokens) == 1:
            return
        half = len(tokens) // 2
        self.all_that_can_go(tokens[:half])
        self.all_that_can_go(tokens[half:])

    def together(self, tokens: Sequence[tuple[Waiter | Edge, int]]) -> bool:
        """Takes all of `tokens` away, if the order holds without them."""
        without: dict[Waiter | Edge, int] = {}
        for at, token in tokens:
            without[at] = without.get(at, 0) | token
        before = [(at, _tokens_at(at)) for at in without]
        for at, had in before:
            _set_tokens(at, had & ~without[at])
        renewed: dict[tuple[int, int], Search] = {}
        for (case, mover), last in self.found.items():
            if any(last.relied_on.get(at, 0) & gone for at, gone in without.items()):
                renewed[case, mover] = new = search(self.steps, mover, case)
                if new.race is not None:
                    for at, had in before:
                        _set_tokens(at, had)
                    return False
        self.found.update(renewed)
        return True


def _tokens_at(at: Waiter | Edge) -> int:
    return at.carries if isinstance(at, Edge) else at.after


def _set_tokens(at: Waiter | Edge, tokens: int) -> None:
    if isinstance(at, Edge):
        at.carries = tokens
    else:
        at.after = tokens


def _from_far_to_near(waiters: list[Waiter]) -> list[tuple[Waiter | Edge, int]]:
    """Every token of every step, by how many steps lie between; one that comes later in the text, the last time round
    a loop, is farther than all others."""
    place = {step.index: position for position, step in enumerate(waiters) if isinstance(step, Run)}
    pairs: list[tuple[int, int, Waiter, int]] = []
    for position, step in enumerate(waiters):
        for index, its_place in place.items():
            if step.conflicts >> index & 1:
                distance = position - its_place
                pairs.append((distance if distance > 0 else distance + 2 * len(waiters), len(pairs), step, index))
    return [(step, token_bit(index)) for _, _, step, index in sorted(pairs, key=lambda p: (-p[0], p[1]))]


def _edges(steps: list[Step]) -> list[Edge]:
    edges: list[Edge] = []
    for step in steps_in(steps):
        edges += getattr(step, "edges", ())
    return edges


def _tokens(indices: int) -> int:
    return indices * token_bit(0)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low
        mask &= ~low
