"""Which integers cannot be negative: counts, program ids, ranges, and what sums, products and remainders make of them.

Index arithmetic does not overflow, which the input promises: so a sum of two numbers >= 0 is >= 0. A function argument
may be negative, for all that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.ir import Block, Operation, SSAValue

from minilinalg.analysis.constants import constant_of
from minilinalg.analysis.index_expr import Apply, Carried, Expr, Number, Symbol

_ALWAYS = ("tt.get_program_id", "tt.get_num_programs", "arith.extui", "linalg.index", "tensor.dim", "memref.dim")
# Not negative when these operands are not: all of them, or any of them.
_ALL: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("arith.addi", "arith.muli", "arith.minsi", "arith.divsi", "arith.ori", "arith.xori"), (0, 1)),
    **dict.fromkeys(("arith.remsi", "arith.extsi", "arith.index_cast", "arith.shrsi"), (0,)),
    **dict.fromkeys(("tt.splat", "tt.unsplat", "tt.expand_dims", "tt.broadcast", "tt.reshape", "tt.trans"), (0,)),
    "arith.select": (1, 2),
    "arith.remui": (0, 1),
    "arith.divui": (0, 1),
}
_ANY: Mapping[str, tuple[int, ...]] = {"arith.maxsi": (0, 1), "arith.andi": (0, 1)}


def is_nonnegative(value: SSAValue) -> bool:
    """Whether the integer, or every element of the tensor of integers, is >= 0 in every program that runs."""
    number = constant_of(value)
    if number is not None:
        return number >= 0
    owner = value.owner
    if isinstance(owner, Block):
        return _is_induction_variable(value, owner) and is_nonnegative(owner.parent_op().operands[0])  # pyright: ignore
    if owner.name == "tt.make_range":
        return owner.properties["start"].value.data >= 0  # pyright: ignore
    if owner.name in _ALWAYS:
        return True
    if owner.name in _ALL:
        return all(is_nonnegative(owner.operands[i]) for i in _ALL[owner.name])
    return any(is_nonnegative(owner.operands[i]) for i in _ANY.get(owner.name, ()))


def never_negative(expr: Expr) -> bool:
    """Whether an expression is >= 0 because every term of it is."""
    return all(c >= 0 and all(map(_symbol_is_nonnegative, monomial)) for monomial, c in expr.terms)


def _symbol_is_nonnegative(symbol: Symbol) -> bool:
    match symbol:
        case Number(value):
            return is_nonnegative(value)
        case Carried():
            return False
        case Apply(function, operands):
            return _FUNCTIONS[function]([never_negative(operand) for operand in operands])


_FUNCTIONS: Mapping[str, Callable[[list[bool]], bool]] = {
    "min": all,
    "max": any,
    "select": all,
    "divsi": all,
    "remsi": lambda known: known[0],
}


def _is_induction_variable(value: SSAValue, block: Block) -> bool:
    """Of an `scf.for` that counts up in signed numbers: the lower bound is the least value."""
    loop = block.parent_op()
    counts = isinstance(loop, Operation) and loop.name == "scf.for" and "unsignedCmp" not in loop.properties
    return counts and block.args[0] is value
