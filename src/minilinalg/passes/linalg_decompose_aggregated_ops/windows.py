"""Operations that see an operand through a window, as a convolution or a pooling does: loops over the window.

    y[b, t, c] += x[b, t + r, c] * w[r, c]   ->   for r:  y[b, t, c] += x[:, r : r + T, :][b, t, c] * w[r, :][c]

Of every sum of loops one is left to a slice, whose stride is that loop's step; the others become loops around the
operation, as few turns as possible. What is left is elementwise, or reduces along loops of its own (a convolution over
channels): a sum of products gets so many more loops that a matrix product is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from math import prod

from xdsl.dialects.builtin import DYNAMIC_INDEX, AffineMapAttr, TensorType
from xdsl.ir import Block, Region, SSAValue
from xdsl.ir.affine import AffineConstantExpr, AffineDimExpr, AffineExpr, AffineMap

from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.dialects.upstream import arith, linalg, tensor
from minilinalg.dialects.upstream.linalg import PARALLEL, REDUCTION
from minilinalg.dialects.upstream.linear_index import LinearIndex
from minilinalg.passes.linalg_decompose_aggregated_ops.products import has_instruction
from minilinalg.passes.linalg_decompose_aggregated_ops.writer import Tensors, Writer, element_of, shape_of
from minilinalg.passes.linalg_specialize_generic_ops import combined, named

Numbers = Mapping[int, SSAValue]
"""The turn of each loop that is around the operation."""
_Innermost = Callable[[Numbers, Tensors], "list[SSAValue]"]


def window(op: linalg.GenericOp, w: Writer) -> Sequence[SSAValue] | str | None:
    """The results; None where operands are indexed by loops and zeros alone, and the reason for what stays."""
    if all(_is_plain(map) for map in op.maps):
        return None
    indices = [[LinearIndex.of(expr) for expr in map.results] for map in op.maps]
    known = [[index for index in found if index is not None] for found in indices]
    if any(len(some) < len(found) for some, found in zip(known, indices, strict=True)):
        return "an index of an operand is no sum of loops"
    if any(DYNAMIC_INDEX in shape_of(value) for value in op.operands if is_tensor(value)):
        return "its sizes are known only when the program runs"
    parallel = [loop for loop, kind in enumerate(op.get_iterator_types()) if kind == PARALLEL]
    for found in known[len(op.inputs) :]:
        if sorted(index.loop if index.loop is not None else -1 for index in found) != parallel:
            return "an output is not indexed by every parallel loop"
    return list(op.outputs) if 0 in op.loop_sizes else _Window(op, w, known).run()


def _is_plain(map: AffineMap) -> bool:
    """Whether each dimension is indexed by zero or by a loop of its own."""
    rest = [expr for expr in map.results if not (isinstance(expr, AffineConstantExpr) and expr.value == 0)]
    return all(isinstance(expr, AffineDimExpr) for expr in rest) and len(set(rest)) == len(rest)


class _Window:
    """One operation. `indices`: of each dimension of each operand; `around`: the loops that are made."""

    def __init__(self, op: linalg.GenericOp, w: Writer, indices: Sequence[Sequence[LinearIndex]]):
        self.op = op
        self.w = w
        self.indices = indices
        self.sizes = op.loop_sizes
        self.kinds = list(op.get_iterator_types())
        self.around = self.choose()
        self.left = [loop for loop in range(len(self.kinds)) if loop not in self.around]

    def choose(self) -> frozenset[int]:
        """The loops to make: those that leave slices and, where products are summed up, a matrix product or no sum."""
        choices = [around for around in self.choices() if self.leaves_slices(around)]
        if not self.sums_products():
            return choices[0]
        reduced = {d for d, kind in enumerate(self.kinds) if kind != PARALLEL}
        products = [around for around in choices if self.leaves_product(around)]
        has_unit = bool(products) and has_instruction(self.op.inputs[0], self.w)
        return products[0] if has_unit else next(around for around in choices if reduced <= around)

    def sums_products(self) -> bool:
        found = combined(self.op) if len(self.op.outputs) == 1 else None
        if found is None:
            return False
        combiner, expression = found
        return combiner.name.startswith("arith.add") and getattr(expression.owner, "name", "").startswith("arith.mul")

    def choices(self) -> list[frozenset[int]]:
        """All sets of loops, those of few turns first; a parallel loop also puts parts of the result back."""
        loops = range(len(self.kinds))
        found = [frozenset(some) for count in range(len(loops) + 1) for some in combinations(loops, count)]
        return sorted(found, key=lambda some: prod(self.sizes[d] * (1 + (self.kinds[d] == PARALLEL)) for d in some))

    def leaves_slices(self, around: frozenset[int]) -> bool:
        """Whether each dimension of an operand runs along one loop or none, forwards, and no two along the same."""
        for indices in self.indices:
            rest = [(d, step) for index in indices for d, step in index.steps.items() if d not in around]
            if len({d for d, _ in rest}) < len(rest) or any(step < 0 for _, step in rest):
                return False
            if any(len(index.steps.keys() - around) > 1 for index in indices):
                return False
        return True

    def leaves_product(self, around: frozenset[int]) -> bool:
        """Whether c[m, n] += a[m, k] * b[k, n] is left."""
        runs = [frozenset(d for index in indices for d in index.steps if d not in around) for indices in self.indices]
        left = frozenset[int]().union(*runs)
        return len(left) == len(set(runs)) == len(runs) == 3 and all(len(some) == 2 for some in runs)

    # --- the loops ------------------------------------------------------------------------------------------------

    def run(self) -> list[SSAValue]:
        parallel = [d for d in sorted(self.around) if self.kinds[d] == PARALLEL]
        return self.loops(parallel, {}, self.op.outputs, self.parts_of_result)

    def loops(self, loops: Sequence[int], numbers: Numbers, carried: Tensors, innermost: _Innermost) -> list[SSAValue]:
        """Loops around `innermost`; one of one turn is none."""
        if not loops:
            return innermost(numbers, carried)
        loop, *rest = loops
        if self.sizes[loop] == 1:
            return self.loops(rest, {**numbers, loop: self.w.index(0)}, carried, innermost)
        return self.w.loop(
            self.sizes[loop], carried, lambda i, now: self.loops(rest, {**numbers, loop: i}, now, innermost)
        )

    def parts_of_result(self, numbers: Numbers, carried: Tensors) -> list[SSAValue]:
        """Inside of the parallel loops: what reduces goes on in a part of the result."""
        of_outputs = self.indices[len(self.op.inputs) :]
        parts = [self.part(value, indices, numbers) for value, indices in zip(carried, of_outputs, strict=True)]
        reduced = [d for d in sorted(self.around) if self.kinds[d] != PARALLEL]
        parts = self.loops(reduced, numbers, parts, self.operation)
        if not numbers:
            return parts
        return [
            self.w.insert(tensor.InsertSliceOp(part, whole, *self.bounds(indices, numbers))).result
            for part, whole, indices in zip(parts, carried, of_outputs, strict=True)
        ]

    def operation(self, numbers: Numbers, carried: Tensors) -> list[SSAValue]:
        """The operation on slices, along the loops that are left."""
        inputs = [
            self.part(value, indices, numbers) if is_tensor(value) else value
            for value, indices in zip(self.op.inputs, self.indices, strict=False)
        ]
        maps = [
            AffineMap(len(self.left), 0, tuple(AffineExpr.dimension(self.left.index(d)) for d in self.along(indices)))
            for indices in self.indices
        ]
        kinds = [self.kinds[d] for d in self.left]
        types = [value.type for value in carried]
        body = Region(self.body(numbers))
        new = linalg.GenericOp(inputs, list(carried), body, [AffineMapAttr(map) for map in maps], kinds, types)
        made = named(new) if REDUCTION in kinds else None
        for op in made or [new]:
            self.w.insert(op)
        return list((made or [new])[-1].results)

    def body(self, numbers: Numbers) -> Block:
        old = self.op.body.block
        block = Block(arg_types=[arg.type for arg in old.args])
        values: dict[SSAValue, SSAValue] = dict(zip(old.args, block.args, strict=True))
        for inner in old.ops:
            if isinstance(inner, linalg.IndexOp) and inner.dim.value.data in numbers:
                values[inner.result] = numbers[inner.dim.value.data]
                continue
            copy = inner.clone(values)
            if isinstance(copy, linalg.IndexOp):
                copy.dim = linalg.IndexOp(self.left.index(copy.dim.value.data)).dim
            block.add_op(copy)
        return block

    # --- slices ---------------------------------------------------------------------------------------------------

    def along(self, indices: Sequence[LinearIndex]) -> Iterator[int]:
        """The loops that an operand's slice runs along."""
        for index in indices:
            yield from (d for d in index.steps if d not in self.around)

    def bounds(
        self, indices: Sequence[LinearIndex], numbers: Numbers
    ) -> tuple[list[SSAValue | int], list[int], list[int]]:
        offsets, sizes, strides = list[SSAValue | int](), list[int](), list[int]()
        for index in indices:
            offset: SSAValue | int = index.start
            for loop, step in index.steps.items():
                if loop in self.around:
                    offset = self.plus(offset, numbers[loop], step)
            offsets.append(offset)
            (rest,) = [d for d in index.steps if d not in self.around] or [None]
            sizes.append(1 if rest is None else self.sizes[rest])
            strides.append(1 if rest is None else index.steps[rest])
        return offsets, sizes, strides

    def plus(self, offset: SSAValue | int, number: SSAValue, step: int) -> SSAValue:
        term = number if step == 1 else self.w.insert(arith.MuliOp(number, self.w.index(step))).result
        if offset == 0:
            return term
        return self.w.insert(arith.AddiOp(self.w.index(offset) if isinstance(offset, int) else offset, term)).result

    def part(self, whole: SSAValue, indices: Sequence[LinearIndex], numbers: Numbers) -> SSAValue:
        offsets, sizes, strides = self.bounds(indices, numbers)
        shape = [self.sizes[d] for d in self.along(indices)]
        if offsets == [0] * len(sizes) and sizes == list(shape_of(whole)) == shape and set(strides) <= {1}:
            return whole
        type = TensorType(element_of(whole), shape)
        return self.w.insert(tensor.ExtractSliceOp(whole, offsets, sizes, strides, type)).result
