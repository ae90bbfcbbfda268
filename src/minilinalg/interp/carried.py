"""Where a value goes that a loop carries."""

from __future__ import annotations

from xdsl.ir import SSAValue, Use


def handed_on(use: Use) -> tuple[SSAValue, SSAValue] | None:
    """What a value becomes that an scf.for begins with or a turn hands on: an argument of the next turn, and a result.

    None when it is used in any other way.
    """
    op, index = use.operation, use.index
    if op.name == "scf.yield":
        loop = op.parent_op()
    else:
        loop, index = op, index - 3
    if loop is None or loop.name != "scf.for" or index < 0:
        return None
    return loop.regions[0].blocks[0].args[index + 1], loop.results[index]
