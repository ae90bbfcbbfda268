"""What a conversion of one function knows, and where it writes: the shared state of all handlers.

A handler converts one operation: it asks for the new values of its operands (`value`), writes operations at the end of
the current block (`insert`), and says what the results have become (`bind`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from xdsl.context import Context
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr, IntegerType, VectorType, i32, i64
from xdsl.dialects.vector import BroadcastOp
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.passes import ModulePass

from minilinalg.abi import AHEAD
from minilinalg.analysis.axis_info import AxisInfoAnalysis
from minilinalg.dialects import tt
from minilinalg.dialects.simt.types import AnyVector, count_of, is_vector
from minilinalg.dialects.tt.types import AnyTensor, is_tensor
from minilinalg.dialects.ttg.layout_rules import linear_layout_of
from minilinalg.dialects.ttg.types import AsyncTokenType
from minilinalg.dialects.upstream import arith
from minilinalg.errors import UnsupportedError
from minilinalg.layouts.linear import REGISTER, LinearLayout
from minilinalg.locations import places_of
from minilinalg.passes.base import remark
from minilinalg.passes.function_conversion import FunctionConversion
from minilinalg.passes.tritongpu_to_simt.view import View

_OperationT = TypeVar("_OperationT", bound=Operation)
LOADS = ("simt.load_global", "simt.cp_async", "simt.bulk_tensor_load")
Handler = Callable[["Conversion", Any], None]


class Conversion(FunctionConversion):
    """One function on its way. `thread` is the number of the thread, vector<1xi32>; a block has `warps` of 32."""

    def __init__(
        self, ctx: Context, run: ModulePass, handlers: Mapping[str, Handler], axes: AxisInfoAnalysis, warps: int
    ):
        super().__init__(ctx, run, handlers)
        self.axes = axes
        self.warps = warps
        self._views: dict[SSAValue, View] = {}
        self._thread: SSAValue | None = None
        self._count: int | None = None

    # Operations

    def convert_block(self, block: Block) -> None:
        """Converts a block up to its terminator, which its parent deals with."""
        for op in block.ops:
            if op is not block.last_op or op.name == "scf.condition":
                self.convert(op)

    def insert(self, op: _OperationT) -> _OperationT:
        """Writes `op`; how far ahead a load reads stays on what is left of it."""
        if self.at is not None and AHEAD in self.at.attributes and op.name in LOADS:
            op.attributes[AHEAD] = self.at.attributes[AHEAD]
        return super().insert(op)

    def not_converted(self, op: Operation) -> UnsupportedError:
        """The error for an operation that nothing converts."""
        return self.unsupported(f"'{op.name}'", "tritongpu-to-simt has no code for this operation yet", op)

    @contextmanager
    def elementwise(self, count: int) -> Generator[None]:
        """Takes what follows, which is written for scalars, for operations on `count` registers."""
        around, self._count = self._count, count
        yield
        self._count = around

    def unsupported(
        self, found: str, rule: str, at: Operation | None = None, hint: str | None = None
    ) -> UnsupportedError:
        """The error for what has no code, at the operation that is being converted."""
        at = at or self.at
        return UnsupportedError(found, rule=rule, hint=hint, places=() if at is None else places_of(at))

    def remark(self, text: str) -> None:
        """Says why something was, or was not, done at the operation that is being converted."""
        if self.at is not None:
            remark(self.ctx, self.run, self.at, text)

    # Values

    @property
    def thread(self) -> SSAValue:
        """The number of this thread in its block, vector<1xi32>."""
        assert self._thread is not None, "the number of the thread is written first"
        return self._thread

    @thread.setter
    def thread(self, value: SSAValue) -> None:
        self._thread = value

    def value(self, old: SSAValue) -> SSAValue:
        """What has become of a scalar or of a tensor in registers."""
        return self._values[old]

    def view(self, old: SSAValue) -> View:
        """Where a view of shared memory lies."""
        return self._views[old]

    def bind_view(self, old: SSAValue, view: View) -> None:
        """Says where the view `old` lies."""
        self._views[old] = view

    def element(self, old: SSAValue) -> SSAValue:
        """`value` as an operand of what computes each element: where scalars are taken for registers, so many of it."""
        new = self.value(old)
        if self._count is None or is_vector(new.type):
            return new
        return self.insert(BroadcastOp(new, VectorType(new.type, [self._count]))).vector

    def type_of(self, old: SSAValue) -> Attribute:
        """The type that a value has in the new function."""
        type = data_type(old.type)
        return type if self._count is None else VectorType(type, [self._count])

    # Small expressions

    def constant(self, value: float, type: Attribute = i32) -> SSAValue:
        """A number, or a vector of registers that are all this number."""
        if is_vector(type):
            return self._constant(type, [value])
        key = value, type
        return self.once(key, lambda: arith.ConstantOp(IntegerAttr(int(value), cast("IntegerType", type))).result)

    def constants(self, values: Sequence[int]) -> SSAValue:
        """A vector of i32, the same in all threads."""
        return self._constant(VectorType(i32, [len(values)]), values)

    def _constant(self, type: AnyVector, values: Sequence[float]) -> SSAValue:
        # Zeros of either sign are two constants, and a NaN is no key.
        key = tuple(map(repr, values)), type

        def make() -> SSAValue:
            return arith.ConstantOp(DenseIntOrFPElementsAttr.from_list(cast("Any", type), list(values))).result

        return self.once(key, make)

    def binary(self, make: Any, a: SSAValue, b: SSAValue | int) -> SSAValue:
        """`make(a, b)` of two values of one type, or of a value and an integer constant."""
        return self.insert(make(a, self.constant(b, a.type) if isinstance(b, int) else b)).results[0]

    def extended(self, value: SSAValue) -> SSAValue:
        """An integer of at most 64 bits as a signed i64."""
        type = VectorType(i64, [count_of(value.type)]) if is_vector(value.type) else i64
        return value if value.type == type else self.insert(arith.ExtSIOp(value, type)).result


def data_type(type: Attribute) -> Attribute:
    """The type of a value in the new function: a tensor is the registers that a thread holds of it."""
    if is_tensor(type):
        return VectorType(data_type(type.element_type), [layout_of(type).in_size(REGISTER)])
    return i64 if isinstance(type, tt.PointerType) else type


def layout_of(type: Attribute) -> LinearLayout:
    """The layout of a tensor in registers."""
    assert is_tensor(type)
    return linear_layout_of(type)


def tensor_type(value: SSAValue) -> AnyTensor:
    """The type of a value that is a tensor."""
    assert is_tensor(value.type)
    return value.type


def is_carried(type: Attribute) -> bool:
    """Whether a value of this type is data: a token is not, since threads know what they wait for."""
    return not isinstance(type, AsyncTokenType)
