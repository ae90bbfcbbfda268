"""Modules: what is built, function by function, and checked at the end of each."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Operation

from minilinalg.builder.function import Function
from minilinalg.builder.kernel import Kernel
from minilinalg.builder.places import placed, shown
from minilinalg.dialects.upstream import func
from minilinalg.errors import CommandError, InputError, MinilinalgError, near_name
from minilinalg.printing import module_text
from minilinalg.verification import verify


class Module:
    """A module that is being built: `function` opens a function, `module` and `text` are the result."""

    def __init__(self) -> None:
        self._op = ModuleOp([])
        self._open: Function | None = None

    @placed
    def function(self, name: str, /, **arguments: str | Attribute) -> Function:
        """`with b.function("mm", a="128x64xf16", n="index") as f:`; inside, the arguments are `f.a` and `f.n`.

        Types are strings, as `elements` describes them, or xDSL types. The function is complete, verified and part of
        the module when the `with` block ends without an exception.
        """
        self._check_new(name)
        return Function(self, name, arguments)

    @placed
    def kernel(self, name: str, /, **arguments: str | Attribute) -> Kernel:
        """`with b.kernel("scale", x="memref:?xf32", n="i32") as k:`, a program that runs once for each point of a grid.

        It takes buffers and scalars, and gives its results by storing them (see `Kernel`).
        """
        self._check_new(name)
        return Kernel(self, name, arguments)

    def _check_new(self, name: str) -> None:
        if any(isinstance(op, func.FuncOp) and op.sym_name.data == name for op in self._op.ops):
            raise CommandError(f"there is a function '{name}' already", rule="a function has a name of its own")

    @property
    @placed
    def module(self) -> ModuleOp:
        """The module, verified. InputError with the place in the script of the first operation that breaks a rule."""
        if self._open is not None:
            raise CommandError(
                f"the function '{self._open.name}' is still being built",
                rule="a module is complete after the 'with' blocks of its functions",
            )
        check(self._op)
        return self._op

    def text(self, *, debuginfo: bool = False) -> str:
        """The module as MLIR text; with `debuginfo`, each operation says which line of the script made it."""
        return module_text(self.module, debuginfo=debuginfo)

    def begin(self, function: Function) -> None:
        if self._open is not None:
            raise CommandError(f"the function '{self._open.name}' is still being built", rule="functions do not nest")
        self._open = function

    def end(self, op: func.FuncOp | None) -> None:
        """Close the open function; `op`, when there is one, is verified and becomes part of the module."""
        self._open = None
        if op is None:
            return
        self._op.body.block.add_op(op)
        try:
            check(op)
        except MinilinalgError:
            op.detach()
            raise

    def callee(self, name: str) -> func.FuncOp:
        functions = {op.sym_name.data: op for op in self._op.ops if isinstance(op, func.FuncOp)}
        if name not in functions:
            raise CommandError(
                f"there is no function '{name}' to call",
                rule="a function is called after it was built, in the same module",
                hint=near_name(name, functions),
            )
        return functions[name]


def check(op: Operation) -> None:
    """InputError with the place in the user's script when an operation breaks a rule of its dialect."""
    try:
        verify(op)
    except InputError as error:
        d = error.diagnostic
        raise InputError(d.found, rule=d.rule, hint=d.hint, places=map(shown, d.places)) from None
