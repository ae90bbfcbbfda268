"""Functions: what is built inside of `with module.function("mm", a="128x64xf16") as f:`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseIntOrFPElementsAttr, TensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from minilinalg.builder.arithmetic import checked_constant
from minilinalg.builder.binding import Operands, bind
from minilinalg.builder.elements import ElementType, element_type, parse_type
from minilinalg.builder.generic import make_generic
from minilinalg.builder.insertion import Insertion
from minilinalg.builder.places import caller_place, in_script, location_of, placed, unknown_name
from minilinalg.builder.regions import Branch, Loop
from minilinalg.builder.syntax import counted, parse_comprehension
from minilinalg.builder.values import Buffer, Operand, Scalar, Tensor, Value, raw, wrap
from minilinalg.dialects.upstream import arith, func
from minilinalg.errors import CommandError, InputError, MinilinalgError, Place

if TYPE_CHECKING:
    from minilinalg.builder.module import Module

NUMPY_NAMES = {
    "float16": "f16",
    "float32": "f32",
    "float64": "f64",
    "bfloat16": "bf16",
    "bool": "i1",
    "int8": "i8",
    "int16": "i16",
    "int32": "i32",
    "int64": "i64",
}
"""NumPy's dtypes that have an element type of ours."""


RESERVED = ("at", "module", "name", "place")
"""Attributes of every function, beside its methods."""


class Function:
    """A function that is being built. Its arguments are attributes: `f.a`; `f["a"]` is the same."""

    at: Insertion
    name: str

    def __init__(self, module: Module, name: str, arguments: Mapping[str, str | Attribute]):
        self.name = name
        self.module = module
        self.place = caller_place()
        self._arguments: dict[str, Value] = {}
        for argument in arguments:
            if argument in {*dir(type(self)), *RESERVED}:
                raise CommandError(
                    f"an argument is called '{argument}'", rule="an argument is not called like a method of a function"
                )
        self.at = Insertion(Block(arg_types=[_type(type) for type in arguments.values()]))
        self._regions: list[Loop | Branch] = []
        self._returned: list[SSAValue] | None = None
        self._return_place = self.place
        for argument, value in zip(arguments, self.at.entry.args, strict=True):
            value.name_hint = argument
            value.location = location_of(self.place)
            self._arguments[argument] = wrap(self, value)

    def __getattr__(self, name: str) -> Any:
        arguments = self.__dict__.get("_arguments", {})
        if name in arguments:
            return arguments[name]
        rule = f"its arguments are: {', '.join(arguments)}" if arguments else "it takes no arguments"
        raise unknown_name("the function", name, [*arguments, *dir(Function)], rule)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __enter__(self) -> Self:
        self.module.begin(self)
        self.at.open = self._blocks()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.at.open = []
        self.module.end(self._finish() if kind is None else None)

    def _blocks(self) -> list[Block]:
        """The blocks that are open at the start of the function, outermost first."""
        return [self.at.entry]

    def _finish(self) -> func.FuncOp:
        """The operation of the function, complete."""
        returned = self._returned or []
        end = func.ReturnOp(*returned)
        end.location = location_of(self._return_place)
        self.at.entry.add_op(end)
        inputs = list(self.at.entry.arg_types)
        op = func.FuncOp(self.name, (inputs, [v.type for v in returned]), Region(self.at.entry))
        op.location = location_of(self.place)
        return op

    @placed
    def returns(self, *values: Value) -> None:
        """The results of the function. A function that is not told has none."""
        if self._returned is not None:
            raise InputError("the function returns twice", rule="a function returns once")
        if self._regions:
            raise InputError("the function returns inside a loop or branch", rule="a function returns at its end")
        self._returned = [raw_value(self, value) for value in values]
        self._return_place = caller_place()

    def comprehension(self, text: str, /, *, dtype: str | None = None, **operands: Operand) -> Any:
        """One tensor comprehension as one `linalg.generic`: `comprehension("C[m, n] += A[m, k] * B[k, n]", A=a, B=b)`.

        Left of the assignment stand the result's name and its index variables, right of it an expression over elements
        of the operands. Indices run over all values that keep every subscript inside its tensor (see `ranges`); a
        `where` clause says more: `C[i] max= A[2*i + r] where r in 0:3`. Subscripts are affine in the indices, or
        anything else that gives an integer: `C[i, j] = A[Rows[i], j]` gathers.

        `=` assigns; `+= *= max= min= &= |=` reduce over the indices that are only on the right, from the neutral
        value, or from the operand that has the result's name. Sums and products of narrow types are accumulated in
        f32 or i32, unless `dtype` names another type; `dtype` is the type of the result.

        Operators are Python's (`/` on integers is a division of floats); functions are `exp exp2 log log2 sqrt rsqrt
        sin cos tanh erf abs floor ceil max min where`, and every element type is a cast: `f32(x)`.

        Returns a tensor; a comprehension without indices on the left gives one without dimensions (see `item`).
        """
        try:
            bound = bind(parse_comprehension(text), self._operands(operands))
            values = {name: value.ssa for name, value in operands.items() if isinstance(value, Value)}
            result = make_generic(self.at, bound, values, None if dtype is None else element_type(dtype))
            result.name_hint = bound.syntax.target.name
            return Tensor(self, result)
        except MinilinalgError as error:
            places = error.diagnostic.places
            if not places:
                raise error.at((caller_place(),)) from None
            d = error.diagnostic
            raise type(error)(d.found, rule=d.rule, hint=d.hint, places=in_script(places)) from None

    def _operands(self, operands: Mapping[str, Operand]) -> Operands:
        shapes: dict[str, tuple[int | None, ...]] = {}
        scalars: set[str] = set()
        constants: dict[str, int | float] = {}
        for name, operand in operands.items():
            value = raw(operand)
            if isinstance(operand, Tensor):
                shapes[name] = operand.shape
            elif isinstance(value, SSAValue):
                scalars.add(name)
            else:
                constants[name] = value
        return Operands(shapes, frozenset(scalars), constants)

    @placed
    def constant(self, value: Any, dtype: str | None = None) -> Any:
        """A number as a scalar, a (nested) list or a NumPy array as a tensor.

        Without `dtype` an array keeps its type, other integers are i32, floats f32.
        """
        shape: tuple[int, ...] = tuple(getattr(value, "shape", ())) or _shape_of(value)
        if dtype is None and hasattr(value, "dtype"):
            dtype = NUMPY_NAMES.get(str(value.dtype), str(value.dtype))
        if hasattr(value, "tolist"):
            value = value.tolist()
        if not isinstance(value, list | tuple):
            return Scalar(self, self.at.arithmetic.value(raw(value), None if dtype is None else element_type(dtype)))
        numbers = _flat(cast("Sequence[Any]", value))
        if dtype is None:
            dtype = "f32" if any(isinstance(n, float) for n in numbers) else "i32"
        type = element_type(dtype)
        typed = [checked_constant(n, type) for n in numbers]
        attribute = DenseIntOrFPElementsAttr.from_list(TensorType(cast(Any, type), shape), cast(Any, typed))
        return Tensor(self, self.at.insert(arith.ConstantOp(attribute)).results[0])

    @placed
    def full(self, shape: str | Sequence[int | Scalar], value: Operand, dtype: str | None = None) -> Tensor:
        """A tensor filled with `value`; the shape is "128x64xf32", or sizes (numbers or index values) with `dtype`."""
        sizes, type = self._shape(shape, dtype)
        return Tensor(self, self.at.filled(self.at.arithmetic.value(raw(value), type), sizes, type))

    def zeros(self, shape: str | Sequence[int | Scalar], dtype: str | None = None) -> Tensor:
        """A tensor of zeros."""
        return self.full(shape, 0, dtype)

    @placed
    def empty(self, shape: str | Sequence[int | Scalar], dtype: str | None = None) -> Tensor:
        """A tensor whose elements are undefined, to be set."""
        return Tensor(self, self.at.empty(*self._shape(shape, dtype)))

    def arange(self, size: int | Scalar, dtype: str = "i32") -> Tensor:
        """0, 1, 2 ... as a tensor of one dimension."""
        return self.comprehension("R[i] = i where i in 0:size", size=size, dtype=dtype)

    def _shape(
        self, shape: str | Sequence[int | Scalar], dtype: str | None
    ) -> tuple[list[int | SSAValue], ElementType]:
        if isinstance(shape, str):
            type = parse_type(shape)
            if not isinstance(type, TensorType) or dtype is not None:
                raise CommandError(
                    f"'{shape}' is no shape", rule="a shape is a string like '128x64xf32', or sizes and a dtype"
                )
            if DYNAMIC_INDEX in type.get_shape():
                raise CommandError(
                    f"'{shape}' does not say how large '?' is",
                    rule="a size that is known only when the program runs is given as a value: (n, 64), 'f32'",
                )
            return list(type.get_shape()), cast(ElementType, type.element_type)  # pyright: ignore
        if dtype is None:
            raise CommandError("the element type is missing", rule="sizes come with a dtype: (128, 64), 'f32'")
        sizes = [size if isinstance(size, int) else self.at.index(size.ssa) for size in shape]
        return sizes, element_type(dtype)

    @placed
    def call(self, callee: str, *arguments: Operand) -> Any:
        """Call a function of the module: its result, or a tuple of results when there is not exactly one."""
        op = self.module.callee(callee)
        types = list(op.function_type.inputs)
        if len(types) != len(arguments):
            given = counted(len(arguments), "argument")
            raise InputError(f"'{callee}' is called with {given}", rule=f"'{callee}' takes {len(types) or 'none'}")
        values: list[SSAValue] = []
        for argument, type in zip(arguments, types, strict=True):
            value = argument if isinstance(argument, Value) else self.at.arithmetic.value(argument, cast(Any, type))
            values.append(value.ssa if isinstance(value, Value) else value)
            if values[-1].type != type:
                raise InputError(
                    f"'{callee}' is called with a value of type {values[-1].type}", rule=f"it takes {type} there"
                )
        results = self.at.insert(func.CallOp(callee, values, list(op.function_type.outputs))).results
        wrapped = tuple(wrap(self, result) for result in results)
        return wrapped[0] if len(wrapped) == 1 else wrapped

    @placed
    def for_(
        self,
        start: int | Scalar,
        stop: int | Scalar | None = None,
        step: int | Scalar = 1,
        *,
        carry: Sequence[Value] = (),
    ) -> Loop:
        """A loop over `range(start, stop, step)` that carries values from one iteration to the next (see `Loop`)."""
        if stop is None:
            start, stop = 0, start
        if isinstance(step, int) and step < 1:
            raise InputError(f"the step is {step}", rule="a loop counts upwards: its step is positive")
        for value in carry:
            if not isinstance(value, Value):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise CommandError(
                    f"the loop carries {value!r}",
                    rule="a loop carries values of the program, whose type is known",
                    hint="constant makes one: f.constant(0.0, 'f32')",
                )
        return Loop(self, (start, stop, step), carry)

    @placed
    def if_(self, condition: Scalar) -> Branch:
        """A branch on a truth value (see `Branch`)."""
        return Branch(self, condition)

    @placed
    def yield_(self, *values: Operand) -> None:
        """Yield from the innermost open loop or branch."""
        if not self._regions:
            raise CommandError("there is nothing to yield from", rule="loops and branches yield; a function 'returns'")
        self._regions[-1].yield_(*values)

    def enter(self, region: Loop | Branch, block: Block) -> None:
        """Operations go into `block` of `region` from now on."""
        self.at.open.append(block)
        self._regions.append(region)

    def leave(self, region: Loop | Branch) -> None:
        """Operations go where they went before `region`."""
        assert self._regions[-1] is region, "regions are context managers, so they nest"
        self.at.open.pop()
        self._regions.pop()

    def insert_region_op(self, op: Operation, place: Place) -> Operation:
        """Insert the operation of a region that began at `place` of the script."""
        self.at.insert(op)
        op.location = location_of(place)
        return op


def _type(type: str | Attribute) -> Attribute:
    """The type of an argument; a mistake has its place in the string."""
    if isinstance(type, Attribute):
        return type
    try:
        return parse_type(type)
    except CommandError as error:
        raise error.at(in_script([Place("<type>", 1, 1, type, len(type))])) from None


def raw_value(function: Function, value: object) -> SSAValue:
    if not isinstance(value, Value) or isinstance(value, Buffer):
        raise CommandError(f"a function returns {value!r}", rule="a function returns values of the program")
    function.at.check_in_scope(value.ssa)
    return value.ssa


def _shape_of(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple):
        return ()
    parts = cast("Sequence[Any]", value)
    inner = {_shape_of(part) for part in parts}
    if len(inner) > 1:
        raise CommandError("the rows of the list differ in length", rule="a constant tensor is rectangular")
    return (len(parts), *(inner.pop() if inner else ()))


def _flat(value: Sequence[Any]) -> list[Any]:
    return [n for part in value for n in (_flat(part) if isinstance(part, list | tuple) else [part])]  # pyright: ignore
