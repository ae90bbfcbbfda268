"""The slow interpreter's engine: one program at a time, one operation at a time.

A meaning is a function `(machine, op, operands) -> results`, bound to the operation's name. Operations with regions run
them through the machine; what a branch means is bound apart, as it gives a block instead of results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue

from .errors import SlowError, SlowUnsupported
from .memory import Memory
from .reading import DYNAMIC, name_of, place, symbol
from .scalars import UNDEFINED, Int, Scalar, Undefined
from .values import Value, elementwise

Results = Sequence[Any]
Meaning = Callable[["Machine", Operation, Sequence[Any]], Results]
Branch = Callable[["Machine", Operation, Sequence[Any]], tuple[Block, Sequence[Any]]]

MEANINGS: dict[str, Meaning] = {}
BRANCHES: dict[str, Branch] = {}
RETURNS = frozenset({"func.return", "tt.return"})


def meaning(*names: str) -> Callable[[Meaning], Meaning]:
    """Binds a function to the operations of these names."""

    def bind(function: Meaning) -> Meaning:
        MEANINGS.update(dict.fromkeys(names, function))
        return function

    return bind


def branch(name: str) -> Callable[[Branch], Branch]:
    """Binds a function to a terminator that goes on in another block of its region."""

    def bind(function: Branch) -> Branch:
        BRANCHES[name] = function
        return function

    return bind


def strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of defined scalars as one of scalars: whatever an undefined one goes into is undefined."""

    def apply(*operands: Scalar) -> Any:
        return UNDEFINED if any(isinstance(operand, Undefined) for operand in operands) else function(*operands)

    return apply


def pointwise(function: Callable[..., Any], *operands: Value) -> Results:
    """One result: `function` on each element, undefined where an operand is."""
    return (elementwise(strict(function), *operands),)


def defined(value: Scalar, what: str) -> int:
    """A scalar that decides something: a branch, an address, an extent."""
    if isinstance(value, Undefined):
        raise SlowError(f"{what} is undefined")
    return value


def signed(value: Scalar, what: str, dtype: Int | None = None) -> int:
    """A defined integer in two's complement; of index type when no dtype is given."""
    return (dtype or Int(64)).signed(defined(value, what))


def extents(static: Iterable[int], dynamic: Iterable[Scalar], what: str) -> tuple[int, ...]:
    """Offsets, sizes or strides: the static numbers, with operands in the places of the dynamic ones."""
    given = iter(dynamic)
    return tuple(signed(next(given), what) if number == DYNAMIC else number for number in static)


class Machine:
    """The state of a run: memory, the functions of the module, the program that is running."""

    def __init__(
        self,
        module: ModuleOp,
        memory: Memory,
        grid: tuple[int, int, int],
        forall_order: Callable[[list[tuple[int, ...]]], Iterable[tuple[int, ...]]] = list,
    ) -> None:
        self.memory = memory
        self.grid = grid
        self.program = (0, 0, 0)
        self.thread = 0
        """The thread of a block that runs, where functions are of one thread."""
        self.shared = 0
        """Where the shared memory of its block begins."""
        self.meet: Callable[[Any], Sequence[Any]] = lambda what: [what]
        """Waits for all threads of the block; what each of them gave."""
        self.forall_order = forall_order
        self.iteration: list[tuple[int, ...]] = []
        """The indices of the linalg operations around the current one, innermost last."""
        self.globals: dict[str, Any] = {}
        self.symbols = {
            symbol(op, "sym_name"): op for op in module.ops if "sym_name" in (*op.properties, *op.attributes)
        }
        self._frame: dict[SSAValue, Any] = {}

    def call(self, function: Operation, operands: Sequence[Any]) -> Results:
        """Runs a function in a frame of its own."""
        if not function.regions or not function.regions[0].blocks:
            raise SlowUnsupported(f"{symbol(function, 'sym_name')} has no body")
        caller, self._frame = self._frame, {}
        try:
            terminator, results = self.run_region(function.regions[0], operands)
        finally:
            self._frame = caller
        if name_of(terminator) not in RETURNS:
            raise self._placed(SlowError("control gets here"), terminator)
        return results

    def run_region(self, region: Region, operands: Sequence[Any] = ()) -> tuple[Operation, Sequence[Any]]:
        """Runs a region from its first block; gives the terminator that leaves it, and what that was given."""
        block = region.blocks[0]
        while True:
            self._bind(block.args, operands)
            for op in block.ops:
                if op is not block.last_op:
                    self.execute(op)
            last = block.last_op
            assert last is not None
            given = self.values(last.operands)
            step = BRANCHES.get(name_of(last))
            if step is None:
                return last, given
            try:
                block, operands = step(self, last, given)
            except SlowError as error:
                raise self._placed(error, last) from error.__cause__

    def execute(self, op: Operation) -> None:
        name = name_of(op)
        function = MEANINGS.get(name)
        try:
            if function is None:
                raise SlowUnsupported("the slow interpreter knows no such operation")
            results = function(self, op, self.values(op.operands))
        except SlowError as error:
            raise self._placed(error, op) from error.__cause__
        self._bind(op.results, results)

    def values(self, operands: Sequence[SSAValue]) -> list[Any]:
        return [self._frame[operand] for operand in operands]

    def _bind(self, values: Sequence[SSAValue], given: Sequence[Any]) -> None:
        self._frame.update(zip(values, given, strict=True))

    @staticmethod
    def _placed(error: SlowError, op: Operation) -> SlowError:
        if error.place is None:
            error.place = f"{name_of(op)}{place(op)}"
        return error

    def combine(self, region: Region, operands: Sequence[Any]) -> Results:
        """A region that computes scalars from scalars, such as the combiner of a reduction."""
        return self.run_region(region, operands)[1]


def condition(value: Value, what: str) -> bool:
    """An i1 that is branched on."""
    if not isinstance(value, int | Undefined):
        raise SlowError(f"{what} is no scalar")
    return bool(defined(value, what))
