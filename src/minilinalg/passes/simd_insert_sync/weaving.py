"""Writes chosen tokens into the program: asynchronous instructions, waits, tokens that loops and branches carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.analysis.pipe_order import Branch, Edge, Loop, Run, Step, Touch, token_bit
from minilinalg.dialects import simd
from minilinalg.dialects.upstream import scf
from minilinalg.passes.insertion import insert_before
from minilinalg.passes.simd_insert_sync.program import Program

Tokens: TypeAlias = dict[int, SSAValue]
"""By the number of an instruction, the token of its latest run; none where that is not known, or long over."""


def weave(block: Block, program: Program) -> None:
    """Rewrites `block`, the body of the function that `program` was made from."""
    _Weaver(program.at).block(block, {})


class _Weaver:
    def __init__(self, at: Mapping[Operation, Step]):
        self.at = at

    def block(self, block: Block, tokens: Tokens) -> None:
        """Rewrites a block; `tokens` are those at its beginning, and are brought up to its end."""
        for op in tuple(block.ops):
            match self.at.get(op):
                case Run() as step:
                    assert isinstance(op, simd.Instruction)
                    tokens[step.index] = _make_asynchronous(op, _chosen(step.after, tokens))
                case Touch() as step:
                    if waited := _chosen(step.after, tokens):
                        insert_before(op, simd.WaitOp(waited))
                case Loop() as step:
                    self.loop(op, step, tokens)
                case Branch() as step:
                    self.branch(op, step, tokens)
                case _:
                    pass

    def loop(self, op: Operation, step: Loop, tokens: Tokens) -> None:
        ran = _numbers(step.entry.may_carry)
        into = _numbers(step.entry.carries | step.back.carries)
        out = _numbers(step.through.carries) if isinstance(op, scf.WhileOp) else into
        inits = _along(step.entry, into, tokens, op)
        inside = {index: token for index, token in tokens.items() if index not in ran}
        if isinstance(op, scf.WhileOp):
            head, body = op.before_region, op.after_region
            new = scf.WhileOp(
                [*op.arguments, *inits],
                [*op.res.types, *(simd.TokenType() for _ in out)],
                op.detach_region(head),
                op.detach_region(body),
            )
            at_head = inside | _arguments(head, into)
            self.block(head.block, at_head)
            _hand_on(head, _along(step.through, out, at_head, cast("Operation", head.block.last_op)))
            at_end = {index: token for index, token in at_head.items() if index not in ran}
        else:
            assert isinstance(op, scf.ForOp)
            body = op.body
            new = scf.ForOp(op.lb, op.ub, op.step, [*op.iter_args, *inits], op.detach_region(body))
            at_end = inside
        at_end |= _arguments(body, out)
        self.block(body.block, at_end)
        _hand_on(body, _along(step.back, into, at_end, cast("Operation", body.block.last_op)))
        _replace(op, new, ran, out, tokens)

    def branch(self, op: Operation, step: Branch, tokens: Tokens) -> None:
        assert isinstance(op, scf.IfOp)
        ran = _numbers(step.edges[0].may_carry)
        out = _numbers(step.edges[0].carries | step.edges[1].carries)
        regions = op.true_region, op.false_region
        if out and not op.false_region.blocks:
            op.false_region.add_block(Block([scf.YieldOp()]))
            cast("Operation", op.false_region.block.last_op).location = op.location
        for region, edge in zip(regions, step.edges, strict=True):
            if region.blocks:
                inside = dict(tokens)
                self.block(region.block, inside)
                _hand_on(region, _along(edge, out, inside, cast("Operation", region.block.last_op)))
        types = [*op.output.types, *(simd.TokenType() for _ in out)]
        new = scf.IfOp(op.cond, types, op.detach_region(regions[0]), op.detach_region(regions[1]))
        _replace(op, new, ran, out, tokens)


def _make_asynchronous(op: simd.Instruction, after: Sequence[SSAValue]) -> SSAValue:
    new = type(op)(op.inputs, op.outputs, after=after, is_async=True)
    segments = "operandSegmentSizes"
    new.properties.update({name: value for name, value in op.properties.items() if name != segments})
    new.attributes = dict(op.attributes)
    insert_before(op, new)
    op.detach()
    op.erase()
    assert new.token is not None
    return new.token


def _chosen(bits: int, tokens: Tokens) -> list[SSAValue]:
    """The tokens of a set, those of which nothing is on its way left out, each once."""
    return list(dict.fromkeys(tokens[index] for index in _numbers(bits) if index in tokens))


def _along(edge: Edge, indices: Sequence[int], tokens: Tokens, at: Operation) -> list[SSAValue]:
    """The tokens of `indices` as they go along an edge, made in front of `at`: a done one where it drops them."""
    given: list[SSAValue] = []
    for index in indices:
        token = tokens.get(index) if edge.carries & token_bit(index) else None
        if token is None:
            ready = simd.ReadyOp()
            insert_before(at, ready)
            token = ready.token
        given.append(token)
    return given


def _arguments(region: Region, indices: Sequence[int]) -> Tokens:
    block = region.block
    return {index: block.insert_arg(simd.TokenType(), len(block.args)) for index in indices}


def _hand_on(region: Region, tokens: Sequence[SSAValue]) -> None:
    """The end of `region` gives `tokens` too."""
    end = cast("Operation", region.block.last_op)
    end.operands = [*end.operands, *tokens]


def _replace(op: Operation, new: Operation, ran: Sequence[int], out: Sequence[int], tokens: Tokens) -> None:
    """Puts `new`, which gives the tokens `out` behind the results of `op`, in its place."""
    new.attributes = dict(op.attributes)
    new.properties.update({name: value for name, value in op.properties.items() if name not in new.properties})
    insert_before(op, new)
    for old, result in zip(op.results, new.results, strict=False):
        result.name_hint = old.name_hint
        old.replace_all_uses_with(result)
    carried = new.results[len(op.results) :]
    op.detach()
    op.erase()
    for index in ran:
        tokens.pop(index, None)
    tokens.update(zip(out, carried, strict=True))


def _numbers(bits: int) -> list[int]:
    """The instructions whose tokens are in a set, ascending."""
    bits //= token_bit(0)
    found: list[int] = []
    while bits:
        low = bits & -bits
        found.append(low.bit_length() - 1)
        bits ^= low
    return found
