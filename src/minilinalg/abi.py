"""What a function takes from its caller, the same at every stage: arguments in source order, with their promises.

A `tt.func` says it in its signature. A `func.func` made from one carries it as `ml.abi`, one dictionary per source
argument: `{name = "x_ptr", kind = "pointer", type = f32, tt.divisibility = 16 : i32}`.

A pass may need a promise that the source does not make: that two arrays share no memory. It says so there
(`ml.no_overlap = ["y_ptr"]`, or `ml.no_partial_overlap` if they may when they begin at the same address), and a launch
checks it as it checks all others. Where loads of a loop begin before what earlier turns store (`ml.read_ahead`), a run
that can look at each access does so instead, and refuses only what is stored to too late (interp/read_ahead.py).

A tensor descriptor of the host is three kinds of arguments, as the official compiler expands it: the array, then the
tensor's sizes and strides in elements, one of each for every dimension. It is of kind "descriptor" at every stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xdsl.dialects import builtin
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute, Operation

from minilinalg.errors import InputError, LaunchError, UnsupportedError, near_name
from minilinalg.locations import places_of

ABI = "ml.abi"
PROMISES = ("tt.divisibility", "tt.contiguity", "tt.constancy", "tt.pointer_range")
NO_OVERLAP = "ml.no_overlap"
NO_PARTIAL_OVERLAP = "ml.no_partial_overlap"
READ_AHEAD = "ml.read_ahead"
APART = (NO_OVERLAP, NO_PARTIAL_OVERLAP, READ_AHEAD)
AHEAD = "ml.ahead"
"""On a load of a pipelined loop: until so many more turns have begun, what it has read must not be stored to."""


@dataclass(frozen=True)
class Parameter:
    """One argument. kind: "pointer", "scalar", "tensor", "descriptor" for an array that is followed by its sizes and
    strides as scalars, or "result" for a trailing buffer that a whole-tensor function returns after bufferization;
    dtype: the element type as in the IR ("f32")."""

    name: str
    kind: str
    type: Attribute
    promises: Mapping[str, int]
    shape: tuple[int, ...] = ()
    """Of a tensor or result: its extents, -1 for a dynamic one. Of a descriptor: those of its blocks."""
    no_overlap: tuple[str, ...] = ()
    """The arguments that this one must share no memory with."""
    no_partial_overlap: tuple[str, ...] = ()
    """The same, but they may if both begin at the same address."""
    read_ahead: tuple[str, ...] = ()
    """The same, but they may where no turn of a loop stores what a later one loads."""

    @property
    def dtype(self) -> str:
        return str(self.type)

    def alone(self) -> Parameter:
        """The same, without what it says of other arguments."""
        return replace(self, no_overlap=(), no_partial_overlap=(), read_ahead=())

    def attribute(self) -> DictionaryAttr:
        """This parameter as an entry of `ml.abi`."""
        entries: dict[str, Attribute] = {
            "name": StringAttr(self.name),
            "kind": StringAttr(self.kind),
            "type": self.type,
        }
        if self.shape:
            entries["shape"] = DenseArrayBase.from_list(builtin.i64, self.shape)
        entries |= {name: IntegerAttr(value, builtin.i32) for name, value in self.promises.items()}
        for name, others in zip(APART, (self.no_overlap, self.no_partial_overlap, self.read_ahead), strict=True):
            if others:
                entries[name] = ArrayAttr([StringAttr(other) for other in others])
        return DictionaryAttr(entries)


@dataclass(frozen=True)
class Described:
    """What a scalar behind a descriptor says about its tensor: the size, or the stride, along dimension `dim`."""

    descriptor: Parameter
    dim: int
    is_stride: bool


@dataclass(frozen=True)
class FunctionAbi:
    """The source arguments of one function."""

    name: str
    parameters: tuple[Parameter, ...]

    @staticmethod
    def of(func: Operation) -> FunctionAbi:
        """Reads it from a `tt.func`, a `func.func` with `ml.abi`, or a `func.func` on whole tensors."""
        name = symbol(func)
        found = func.attributes.get(ABI)
        if isinstance(found, ArrayAttr):
            return FunctionAbi(name, tuple(_from_entry(e) for e in found.data))  # pyright: ignore
        block = func.regions[0].blocks[0]
        attributes = _argument_attributes(func)
        parameters: list[Parameter] = []
        for i, arg in enumerate(block.args):
            given: Mapping[str, Attribute] = attributes[i] if i < len(attributes) else {}
            promises = {k: v.value.data for k, v in given.items() if k in PROMISES and isinstance(v, IntegerAttr)}
            parameters.append(_parameter(func, arg.name_hint or f"arg{i}", arg.type, promises))
            if parameters[-1].kind == "descriptor":
                _expect_expanded(func, parameters[-1], [a.type for a in block.args[i + 1 :]])
        return FunctionAbi(name, tuple(parameters))

    def attribute(self) -> ArrayAttr[DictionaryAttr]:
        """The `ml.abi` of a function made from this one."""
        return ArrayAttr([p.attribute() for p in self.parameters])

    def described(self) -> dict[str, Described]:
        """By the name of a size or stride of a descriptor: whose it is, and of which dimension."""
        out: dict[str, Described] = {}
        for i, p in enumerate(self.parameters):
            if p.kind == "descriptor":
                rank = len(p.shape)
                for at, q in enumerate(self.parameters[i + 1 :][: 2 * rank]):
                    out[q.name] = Described(p, at % rank, is_stride=at >= rank)
        return out

    @property
    def takes_grid(self) -> bool:
        """Whether this is a kernel (run over a grid) and not a function on whole tensors."""
        return all(p.kind != "tensor" for p in self.parameters)


def symbol(func: Operation) -> str:
    """The name of a function operation."""
    name = func.properties.get("sym_name") or func.attributes.get("sym_name")
    return name.data if isinstance(name, StringAttr) else "?"


def _parameter(func: Operation, name: str, type_: Attribute, promises: Mapping[str, int]) -> Parameter:
    shaped: Any = type_
    if hasattr(shaped, "pointee_type"):
        return Parameter(name, "pointer", shaped.pointee_type, promises)
    if type_.name == "memref":
        return Parameter(name, "pointer", shaped.element_type, promises)
    if type_.name == "tensor" and not hasattr(shaped.element_type, "pointee_type"):
        return Parameter(name, "tensor", shaped.element_type, promises, tuple(shaped.get_shape()))
    if type_.name == "tt.tensordesc":
        return Parameter(name, "descriptor", shaped.block_type.element_type, promises, shaped.get_shape())
    if isinstance(type_, builtin.IntegerType | builtin.IndexType | builtin.AnyFloat):
        return Parameter(name, "scalar", shaped, promises)
    raise UnsupportedError(
        f"argument '{name}' of function '{symbol(func)}' has type {type_}",
        rule="an argument is a pointer, a descriptor, an integer, a float, or a tensor of integers or floats",
        places=places_of(func),
    )


def _expect_expanded(func: Operation, p: Parameter, behind: Sequence[Attribute]) -> None:
    rank = len(p.shape)
    wanted = [builtin.i32] * rank + [builtin.i64] * rank
    if list(behind[: 2 * rank]) != wanted:
        found = ", ".join(map(str, behind[: 2 * rank])) or "nothing"
        raise InputError(
            f"descriptor '{p.name}' of function '{symbol(func)}' is followed by {found}",
            rule="a descriptor of the host is followed by the sizes (i32) and the strides (i64) of its tensor, "
            f"one for each of its dimensions: {', '.join(map(str, wanted))}",
            places=places_of(func),
        )


def _from_entry(entry: Any) -> Parameter:
    data = entry.data
    promises = {k: v.value.data for k, v in data.items() if k in PROMISES}
    shape = tuple(data["shape"].get_values()) if "shape" in data else ()
    apart = [tuple(n.data for n in data[key].data) if key in data else () for key in APART]
    return Parameter(data["name"].data, data["kind"].data, data["type"], promises, shape, *apart)


def _argument_attributes(func: Operation) -> list[Mapping[str, Attribute]]:
    given = func.properties.get("arg_attrs") or func.attributes.get("arg_attrs")
    return [d.data for d in given.data] if isinstance(given, ArrayAttr) else []  # pyright: ignore


def functions_of(module: ModuleOp) -> dict[str, Operation]:
    """Name -> function operation, of all functions of a module that have a body."""
    return {symbol(op): op for op in module.ops if op.name in ("tt.func", "func.func") and op.regions[0].blocks}


def is_public(func: Operation) -> bool:
    """Whether others may call the function: neither private nor nested."""
    visibility = func.properties.get("sym_visibility") or func.attributes.get("sym_visibility")
    return not (isinstance(visibility, StringAttr) and visibility.data in ("private", "nested"))


def find_function(module: ModuleOp, name: str | None = None, say: str = 'function="{}"') -> Operation:
    """The function `name`, or the only public one. Raises InputError when there is none, or a choice.

    say: how the user says which one, with {} for its name.
    """
    functions = functions_of(module)
    if name is not None:
        if name in functions:
            return functions[name]
        raise InputError(
            f"no function '{name}' in this module",
            rule=f"its functions are: {', '.join(functions) or 'none'}",
            hint=near_name(name, functions),
            places=places_of(module)[:1],
        )
    public = [f for f in functions.values() if is_public(f)]
    if len(public) == 1:
        return public[0]
    if not public:
        raise InputError(
            "this module has no function to run",
            rule="a kernel is a public tt.func or func.func with a body",
            places=places_of(module)[:1],
        )
    raise InputError(
        f"this module has {len(public)} public functions: {', '.join(symbol(f) for f in public)}",
        rule="with several functions, say which one runs",
        hint=" or ".join(say.format(symbol(f)) for f in public[:2]),
        places=places_of(public[1])[:1],
    )


def check_grid(grid: Any) -> tuple[int, int, int]:
    """(x, y, z) of a grid given as a number or as one to three numbers; LaunchError when it is no grid."""
    import operator

    sizes: list[Any] = list(grid) if isinstance(grid, tuple | list) else [grid]  # pyright: ignore
    if not 1 <= len(sizes) <= 3:
        raise LaunchError(f"a grid of {len(sizes)} dimensions", rule="a grid has one to three dimensions: (x, y, z)")
    numbers: list[int] = []
    for axis, size in zip("xyz", sizes, strict=False):
        try:
            number = operator.index(size)
        except TypeError:
            raise LaunchError(
                f"grid dimension {axis} is {size!r}", rule="a grid dimension is a whole number >= 0"
            ) from None
        limit = (1 << 31) - 1 if axis == "x" else (1 << 16) - 1
        if not 0 <= number <= limit:
            raise LaunchError(
                f"grid dimension {axis} is {number}", rule=f"grid dimension {axis} is from 0 (nothing runs) to {limit}"
            )
        numbers.append(number)
    x, y, z = [*numbers, 1, 1][:3]
    return x, y, z
