"""`inline`: calls become the bodies of the functions that they call.

Source: upstream's passes `inline` and `symbol-dce`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from minilinalg.abi import functions_of, is_public, symbol
from minilinalg.dialects import tt
from minilinalg.dialects.upstream import cf, func
from minilinalg.errors import UnsupportedError
from minilinalg.locations import called_from, places_of
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.insertion import erase

Functions = Mapping[str, Operation]
"""Name -> function, of those that have a body."""


@dataclass(frozen=True)
class InlinePass(MinilinalgPass):
    """Puts the bodies of functions in place of the calls of them, and removes private functions that nobody needs.

    ```mlir
    tt.func public @before(%x: !tt.ptr<f32>, %a: f32) {
      %b = tt.call @twice(%a) : (f32) -> f32
      %c = tt.call @twice(%b) : (f32) -> f32
      tt.store %x, %c : !tt.ptr<f32>
      tt.return
    }
    tt.func private @twice(%a: f32) -> f32 attributes {noinline = true} {
      %0 = arith.addf %a, %a : f32
      tt.return %0 : f32
    }
    ```
    becomes
    ```mlir
    tt.func public @after(%x: !tt.ptr<f32>, %a: f32) {
      %b = arith.addf %a, %a : f32
      %c = arith.addf %b, %b : f32
      tt.store %x, %c : !tt.ptr<f32>
      tt.return
    }
    ```

    `noinline` asks a GPU's compiler for a call, which keeps code short; here a program is one function in the end, so
    it is not heeded. What was inlined has the places of the call as well as its own.

    Requires: functions that do not call themselves, directly or through others; recursion is an UnsupportedError.
    Ensures: no `tt.call` and `func.call` of a function that has a body, but for the calls below; no private function
    without uses. Leaves alone: a call inside of another operation of a function with several blocks, which that
    operation cannot hold (`lift-cf-to-scf` in front makes them one); calls of declarations; functions as values.
    """

    name = "inline"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = functions_of(op)
        done: set[str] = set()
        for name in functions:
            self._inline_into(ctx, name, functions, done, ())
        _erase_unused(op)

    def _inline_into(
        self, ctx: Context, name: str, functions: Functions, done: set[str], callers: tuple[Operation, ...]
    ) -> None:
        """Inlines all calls in a function, after those in what it calls: every call is looked at once."""
        if name in done:
            return
        for call in [op for op in functions[name].walk() if isinstance(op, tt.CallOp | func.CallOp)]:
            callee = call.callee.root_reference.data
            if callee not in functions:
                remark(ctx, self, call, f"kept: @{callee} has no body")
                continue
            around = (*callers, call)
            if any(_function_of(caller) is functions[callee] for caller in around):
                raise _recursion(callee, around, functions)
            self._inline_into(ctx, callee, functions, done, around)
            body = _body(functions[callee])
            if len(body.blocks) == 1:
                _inline_block(call, body)
            elif call.parent_op() is functions[name]:
                _inline_blocks(call, body)
            else:
                remark(ctx, self, call, f"kept: @{callee} has several blocks, and the call is in another operation")
        done.add(name)


def _body(function: Operation) -> Region:
    return function.regions[0]


def _function_of(call: Operation) -> Operation:
    at = call
    while not isinstance(at, tt.FuncOp | func.FuncOp):
        parent = at.parent_op()
        assert parent is not None
        at = parent
    return at


def _recursion(callee: str, calls: tuple[Operation, ...], functions: Functions) -> UnsupportedError:
    names = [symbol(_function_of(call)) for call in calls]
    first = names.index(callee)
    return UnsupportedError(
        f"function '{callee}' calls itself: {' -> '.join((*names[first:], callee))}",
        rule="every call is inlined, so a function does not call itself",
        hint="write it as a loop",
        places=[place for call in reversed(calls[first:]) for place in places_of(call)],
    )


def _copy(body: Region, call: Operation) -> Region:
    """The body of a function, called by `call`: what is in it stands at both places."""
    copy = body.clone()
    for op in copy.walk():
        op.location = called_from(op.location, call)
    for region in (copy, *(region for op in copy.walk() for region in op.regions)):
        for arg in (arg for block in region.blocks for arg in block.args):
            arg.location = called_from(arg.location, call)
    return copy


def _inline_block(call: Operation, body: Region) -> None:
    block = _copy(body, call).block
    _give(call, block)
    last = block.last_op
    assert last is not None and call.parent is not None
    for op in list(block.ops):
        op.detach()
        if op is not last:
            call.parent.insert_op_before(op, call)
    _replace(call, last.operands)
    last.erase()


def _inline_blocks(call: Operation, body: Region) -> None:
    """The first block goes on that of the call, the others behind it; what follows on the call becomes a block."""
    before = call.parent
    assert before is not None
    after = before.split_before(call, arg_types=call.result_types)
    copy = _copy(body, call)
    for last in [block.last_op for block in copy.blocks]:
        if last is not None and not last.successors and last.parent is not None:
            branch = cf.BranchOp(after, *last.operands)
            branch.location = last.location
            last.parent.add_op(branch)
            erase(last)
    entry, *others = copy.blocks
    _give(call, entry)
    for op in list(entry.ops):
        op.detach()
        before.add_op(op)
    for block in others:
        copy.detach_block(block)
    region = after.parent
    assert region is not None
    region.insert_block(others, region.get_block_index(after))
    _replace(call, after.args)


def _give(call: Operation, entry: Block) -> None:
    for arg, value in zip(entry.args, call.operands, strict=True):
        arg.replace_all_uses_with(value)


def _replace(call: Operation, values: Sequence[SSAValue]) -> None:
    for result, value in zip(call.results, values, strict=True):
        value.name_hint = value.name_hint or result.name_hint
        result.replace_all_uses_with(value)
    erase(call)


def _erase_unused(module: ModuleOp) -> None:
    """Removes private functions without uses, and then those that only they have used."""
    while True:
        used = {name for op in module.walk() for name in _names((*op.properties.values(), *op.attributes.values()))}
        unused = [
            op
            for op in module.ops
            if isinstance(op, tt.FuncOp | func.FuncOp) and not is_public(op) and symbol(op) not in used
        ]
        for function in unused:
            erase(function)
        if not unused:
            return


def _names(attributes: tuple[Attribute, ...]) -> list[str]:
    return [a.root_reference.data for a in attributes if isinstance(a, SymbolRefAttr)]
