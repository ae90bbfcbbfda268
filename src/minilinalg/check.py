"""Checking by running: every pass against the one before it, on the same inputs.

After each pass the module runs on fresh copies of the arguments, and all of global memory, inputs included, is compared
with what the source module and the module before the pass left. The first pass that changed an answer, or after
which the module does something that no machine allows, is named, with the argument, the index and both values.

A pass declares its numerics. After `exact` ones the answers agree bitwise (any NaN equals any NaN). After the others
they agree bitwise on small whole numbers, where sums and products are exact in any order, and within a bound computed
from the operations on the user's data. Integers always agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from minilinalg.abi import FunctionAbi, check_grid
from minilinalg.errors import CheckError, Diagnostic, MinilinalgError
from minilinalg.interp.binding import bind
from minilinalg.interp.dtypes import Array, DType, dtype_of, is_array, shape_of
from minilinalg.interp.engine import Emitter, Observer
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.run import Executable
from minilinalg.interp.values import written_out
from minilinalg.interp.views import MemRef, Sized
from minilinalg.locations import places_of
from minilinalg.passes.base import MinilinalgPass
from minilinalg.pipelines import Instrumentation, Step, run_pipeline

if TYPE_CHECKING:
    from minilinalg.targets import Target


@dataclass(frozen=True)
class Answer:
    """What a run left: for each array argument and each result its name and its content."""

    arrays: tuple[tuple[str, Array], ...]


@dataclass(frozen=True)
class Difference:
    """The first element that two answers disagree about."""

    argument: str
    index: tuple[int, ...]
    before: Any
    after: Any
    count: int
    allowed: float

    def __str__(self) -> str:
        at = ", ".join(str(i) for i in self.index)
        more = f" ({self.count} elements differ)" if self.count > 1 else ""
        return f"{self.argument}[{at}] was {self.before} and is {self.after}{more}"


def run_copy(module: ModuleOp, function: str | None, grid: Any, args: Sequence[Any], cores: int | None) -> Answer:
    """Runs `module` on copies of the arguments, which overlap as the arguments do; returns all that it left."""
    return _run(Executable(module, function), grid, args, cores)


def _run(executable: Executable, grid: Any, args: Sequence[Any], cores: int | None) -> Answer:
    memory = GlobalMemory()
    copies = copy_arguments(args)
    given, results = executable.with_results(copies)
    values = bind(executable.abi, given, memory)
    found = executable.run_bound(check_grid(grid), memory, values, cores=cores)
    source = [p for p in executable.abi.parameters if p.kind != "result"]
    arrays = [(p.name, a) for p, a in zip(source, copies, strict=True) if is_array(a) and a.ndim]
    arrays += [(f"result {i}", a) for i, a in enumerate(results or found)]
    return Answer(tuple(arrays))


def copy_arguments(args: Sequence[Any]) -> list[Any]:
    """Copies of the arguments; arrays that share memory share it in the same way afterwards."""
    memory = GlobalMemory()
    arrays = [(str(i), a) for i, a in enumerate(args) if is_array(a)]
    addresses = memory.place(arrays)
    copies: dict[int, Array] = {id(s): s.data.copy() for s in memory.segments}
    out: list[Any] = list(args)
    for (i, array), address in zip(arrays, addresses, strict=True):
        segment = next(s for s in memory.segments if s.address <= address <= s.end and i in s.names)
        view = np.ndarray(array.shape, array.dtype, copies[id(segment)], address - segment.address, array.strides)
        view.flags.writeable = array.flags.writeable
        out[int(i)] = view
    return out


def differs(before: Answer, after: Answer, bound: float = 0.0) -> Difference | None:
    """The first difference beyond `bound` (absolute, for floats; integers are always compared exactly)."""
    for (name, a), (_, b) in zip(before.arrays, after.arrays, strict=True):
        if a.tobytes() == b.tobytes():
            continue
        same = _same(a, b, bound)
        if not same.all():
            index = tuple(int(i) for i in np.unravel_index(int(np.argmin(same)), same.shape))
            return Difference(name, index, a[index], b[index], int(np.count_nonzero(~same)), bound)
    return None


def _same(a: Any, b: Any, bound: float) -> Array:
    if a.dtype.kind in "iub":
        return a == b
    bits = np.dtype(f"u{a.dtype.itemsize}")
    same = np.ascontiguousarray(a).view(bits) == np.ascontiguousarray(b).view(bits)
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    same |= np.isnan(wide_a) & np.isnan(wide_b)
    if bound:
        with np.errstate(invalid="ignore"):
            same |= np.abs(wide_a - wide_b) <= bound
    return same


# Passes that are not exact


class Magnitudes(Observer):
    """Watches a run: the largest magnitude of any float, and how many roundings lie on the longest way to an answer."""

    def __init__(self) -> None:
        self.largest = 0.0
        self.roundings = 0.0
        self.unit = 0.0

    def after(self, em: Emitter, op: Operation) -> None:
        """Counts the operation's roundings: the length of a reduction, the ulps of a function, one of anything else."""
        for result in op.results:
            if not (dtype := _float_of(result.type)):
                continue
            self.roundings += _roundings(op)
            self.unit = max(
                self.unit, float(np.finfo(np.float32).eps) if dtype.bits >= 32 else 2.0 ** -(dtype.bits // 2)
            )
            em.line(f"{em.const(self._see, 'see')}({em.ref(result)})", op)

    def _see(self, value: Any) -> None:
        if isinstance(value, MemRef):
            # What a buffer holds was a value before, or will be read as one.
            return
        data = value.data if isinstance(value, Sized) else written_out(value)
        array = np.abs(np.asarray(data, np.float64))
        array = array[np.isfinite(array)]
        if array.size:
            self.largest = max(self.largest, float(array.max()))

    @property
    def bound(self) -> float:
        """A bound on what another order of the same roundings can change: how many, how large, of what magnitude."""
        return 2 * self.roundings * self.unit * self.largest


def _float_of(type_: Any) -> DType | None:
    try:
        dtype = dtype_of(type_)
    except MinilinalgError:
        return None
    return dtype if dtype.is_float else None


def _roundings(op: Operation) -> float:
    if op.name in ("tt.reduce", "linalg.reduce", "tt.dot", "linalg.matmul", "linalg.generic"):
        return float(max([max(shape_of(o.type), default=1) for o in op.operands], default=1))
    if op.name.startswith("math."):
        return 4.0
    return 1.0 if op.name.startswith(("arith.", "tt.")) else 0.0


def whole_numbers(args: Sequence[Any], seed: int = 0) -> list[Any]:
    """The arguments with small whole numbers in their float arrays, so small that sums and products stay exact."""
    random = np.random.default_rng(seed)
    out = copy_arguments(args)
    for a in out:
        if is_array(a) and a.ndim and a.dtype.kind not in "iub" and a.flags.writeable:
            a[...] = np.asarray(random.integers(-2, 3, a.shape), np.float32).astype(a.dtype)
    return out


# The instrumentation


def _silent(_: str) -> None:
    """No progress is shown."""


class Checker(Instrumentation):
    """Runs the module after every pass and compares. Raises CheckError at the first pass that changed an answer.

    The source module runs first: what it does wrong itself is the program's error and is raised as such.
    deep: also finish the rest of the pipeline from every module and compare what comes out at its end.
    """

    def __init__(
        self,
        module: ModuleOp,
        grid: Any,
        args: Sequence[Any],
        *,
        function: str | None = None,
        target: Target | None = None,
        deep: tuple[Context, Sequence[Step]] | None = None,
        progress: Callable[[str], None] | None = None,
    ):
        self.grid = grid
        self.args = list(args)
        self.function = function
        self.cores = None if target is None else target.cores
        self._deep = deep
        self._progress: Callable[[str], None] = progress or _silent
        self._passed = 0
        self.checked: list[str] = []
        """The passes that were checked, in order."""
        self._progress("source")
        self.source = run_copy(module, function, grid, self.args, self.cores)
        self._before = self.source
        self._module_before: ModuleOp | None = None
        self._small: list[Any] | None = None
        self._bound: float | None = None
        self._source_module = module.clone()

    def before_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        """Keeps the module, to have a reproducer and a reference for passes that are not exact."""
        self._module_before = module.clone()

    def after_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        """Runs and compares."""
        self._progress(step.name)
        self._passed += 1
        after = self._attempt(step, module, self.args)
        bound = 0.0 if step.numerics == "exact" else self._inexact(step, module)
        for reference in (self._before, self.source) if step.numerics == "exact" else (self._before,):
            found = differs(reference, after, bound)
            if found is not None:
                raise self._failure(step, module, found)
        self._before = after
        if step.numerics != "exact":
            # What follows is compared with this answer; the source's is only near.
            self.source = after
        self.checked.append(step.name)
        if self._deep is not None:
            self._finish(step, module, *self._deep)

    def _attempt(self, step: MinilinalgPass, module: ModuleOp, args: Sequence[Any]) -> Answer:
        try:
            return run_copy(module, self.function, self.grid, args, self.cores)
        except MinilinalgError as error:
            d = error.diagnostic
            raise self._error(
                step, f"after pass '{step.name}' the module does not run as before: {d.found}", d.rule, d.places
            ) from error

    def _inexact(self, step: MinilinalgPass, module: ModuleOp) -> float:
        if self._small is None:
            self._small = whole_numbers(self.args)
        assert self._module_before is not None
        before = run_copy(self._module_before, self.function, self.grid, self._small, self.cores)
        found = differs(before, self._attempt(step, module, self._small))
        if found is not None:
            raise self._failure(step, module, found, "on small whole numbers, where every order of sums is exact, ")
        if self._bound is None:
            watch = Magnitudes()
            watched = Executable(self._source_module, self.function, observer=watch)
            _run(watched, self.grid, self.args, self.cores)
            self._bound = watch.bound
        return self._bound

    def _finish(self, step: MinilinalgPass, module: ModuleOp, ctx: Context, steps: Sequence[Step]) -> None:
        rest = steps[self._passed :]
        if not rest:
            return
        finished = module.clone()
        run_pipeline(ctx, finished, rest)
        found = differs(self.source, run_copy(finished, self.function, self.grid, self.args, self.cores))
        if found is not None:
            raise self._failure(step, module, found, "at the end of the road, ")

    def _failure(self, step: MinilinalgPass, module: ModuleOp, found: Difference, where: str = "") -> CheckError:
        abi = FunctionAbi.of(next(op for op in module.ops if op.regions and op.regions[0].blocks))
        writer = _writer(module, [p.name for p in abi.parameters], found.argument)
        rule = {
            "exact": "the pass declares itself exact: bitwise the same answers",
            "reassociates": "the pass may only change the order of sums",
            "contracts": "the pass may only fuse a product into a sum",
            "approximates": "the pass may only replace a function by a near one",
        }[step.numerics]
        if found.allowed:
            rule += f"; a difference up to {found.allowed:.3g} is within it"
        places = places_of(writer) if writer is not None else ()
        return self._error(step, f"pass '{step.name}' changed an answer: {where}{found}", rule, places)

    def _error(self, step: MinilinalgPass, found: str, rule: str | None, places: Any) -> CheckError:
        error = CheckError(Diagnostic(found, rule, "the module before the pass is in the reproducer", tuple(places)))
        error.pass_name = step.name
        error.module_before = self._module_before
        return error


def _writer(module: ModuleOp, names: Sequence[str], argument: str) -> Operation | None:
    """The last operation that stores to `argument`, for the message's place."""
    found: Operation | None = None
    for op in module.walk():
        if op.name in (
            "tt.store",
            "memref.copy",
            "memref.store",
            "simd.dma",
            "bufferization.materialize_in_destination",
        ):
            roots = {_root(o) for o in op.operands}
            if argument in roots or found is None:
                found = op
    return found if argument in names else None


def _root(value: Any) -> str | None:
    """The name of the function argument that a pointer or view comes from."""
    for _ in range(1000):
        owner = value.owner
        if not isinstance(owner, Operation):
            return value.name_hint
        if not owner.operands:
            return None
        value = owner.operands[0]
    return None
