"""How far each index of a comprehension runs: range inference from the shapes of the tensors it subscripts.

The rule is that of Tensor Comprehensions (arXiv 1802.04730, section 3.1) and of Halide's bounds inference: every index
starts at zero and takes all values for which no subscript leaves its tensor. Inference goes in rounds; a round settles
each index that is the only unsettled one of some subscript, from all such subscripts together. An index that is a
subscript by itself (`A[i]`) has the size of that dimension, and two of these must agree; a subscript with more to it
(`A[i + 1]`, `A[2*i + k]`) only has to fit, so it can make the range shorter, never longer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from minilinalg.builder.sizes import Dim, Size, add, floor_divide, minimum, scale
from minilinalg.builder.syntax import Binary, Expression, Name, Number, Span, Unary, place_in
from minilinalg.errors import InputError, Place


@dataclass(frozen=True)
class Affine:
    """`constant` plus the sum of coefficient times index; `terms` has no coefficient that is zero."""

    terms: tuple[tuple[str, int], ...]
    constant: int

    @staticmethod
    def index(name: str) -> Affine:
        return Affine(((name, 1),), 0)

    @property
    def plain(self) -> str | None:
        """The index, when the expression is that index and nothing else."""
        return self.terms[0][0] if len(self.terms) == 1 and self.terms[0][1] == 1 and not self.constant else None

    def plus(self, other: Affine) -> Affine:
        total = dict(self.terms)
        for name, coefficient in other.terms:
            total[name] = total.get(name, 0) + coefficient
        return Affine(tuple((n, c) for n, c in total.items() if c), self.constant + other.constant)

    def times(self, factor: int) -> Affine:
        return Affine(tuple((n, c * factor) for n, c in self.terms if factor), self.constant * factor)

    def evaluate(self, values: Mapping[str, int]) -> int:
        return self.constant + sum(c * values[n] for n, c in self.terms)


def affine(expression: Expression, indices: Collection[str], constants: Mapping[str, int | float]) -> Affine | None:
    """`expression` as an affine function of `indices`, or None when it is not one."""
    match expression:
        case Number(int() as value):
            return Affine((), value)
        case Name(name) if name in indices:
            return Affine.index(name)
        case Name(name) if isinstance(value := constants.get(name), int):
            return Affine((), value)
        case Unary("-", operand):
            inner = affine(operand, indices, constants)
            return inner and inner.times(-1)
        case Binary("+" | "-" | "*" as operator, left, right):
            a, b = affine(left, indices, constants), affine(right, indices, constants)
            if a is None or b is None:
                return None
            if operator == "*":
                factor, other = (a, b) if not a.terms else (b, a)
                return None if factor.terms else other.times(factor.constant)
            return a.plus(b.times(-1 if operator == "-" else 1))
        case _:
            return None


@dataclass(frozen=True)
class Subscript:
    """Dimension `axis` of `tensor`, of `size` (None: known when the program runs), accessed at `at`."""

    tensor: str
    axis: int
    size: int | None
    at: Affine
    span: Span

    @property
    def extent(self) -> Size:
        return Dim(self.tensor, self.axis) if self.size is None else self.size


@dataclass(frozen=True)
class Extents:
    """How many values each index takes, and which indices may take fewer than a dimension that they run over has."""

    of: Mapping[str, Size]
    cut: frozenset[str]


def infer_extents(
    indices: Sequence[Name],
    subscripts: Sequence[Subscript],
    given: Mapping[str, Size],
    text: str,
) -> Extents:
    """The number of values that each of `indices` takes; `given` has those of the `where` clauses.

    InputError, placed in `text`, when two sizes conflict, an index is bounded by nothing, or a subscript leaves its
    tensor. Sizes that are only known when the program runs are taken to fit.
    """

    def place(span: Span) -> Place:
        return place_in(text, span)

    extents = dict(given)
    cut = set(given)
    while True:
        constraints: dict[str, list[Subscript]] = {}
        for subscript in subscripts:
            unsettled = [name for name, _ in subscript.at.terms if name not in extents]
            if len(unsettled) == 1:
                constraints.setdefault(unsettled[0], []).append(subscript)
        if not constraints:
            break
        cut |= {name for name, found in constraints.items() if any(s.at.plain != name for s in found)}
        # All of a round are settled from what was known before it, so the answer does not depend on their order.
        extents |= {name: _extent(name, found, dict(extents), place) for name, found in constraints.items()}
    for index in indices:
        if index.name not in extents:
            raise _unbounded(index, subscripts, place)
    for subscript in subscripts:
        _check_inside(subscript, extents, place)
    return Extents(extents, frozenset(cut))


def _extent(
    name: str, constraints: Sequence[Subscript], extents: Mapping[str, Size], place: Callable[[Span], Place]
) -> Size:
    by_itself = [s for s in constraints if s.at.plain == name]
    known = [s for s in by_itself if s.size is not None]
    for other in known[1:]:
        if other.size != known[0].size:
            raise InputError(
                f"'{name}' is {known[0].size} in dimension {known[0].axis} of '{known[0].tensor}' "
                f"and {other.size} in dimension {other.axis} of '{other.tensor}'",
                rule="an index that is a subscript by itself in several places has one size in all of them",
                hint=f"to take the first few of the longer one, say how many: 'where {name} in 0:...'",
                places=[place(other.span), place(known[0].span)],
            )
    bounds = [(known or by_itself)[0].extent] if by_itself else list[Size]()
    for subscript in constraints:
        if subscript.at.plain == name:
            continue
        bounds.append(bound := _largest(name, subscript, extents))
        if isinstance(bound, int) and bound < 0:
            raise InputError(
                f"no value of '{name}' keeps this subscript inside '{subscript.tensor}', "
                f"whose dimension {subscript.axis} has size {subscript.size}",
                rule="an index takes the values, from zero on, that keep every subscript inside its tensor",
                places=[place(subscript.span)],
            )
    return minimum(bounds)


def _largest(name: str, subscript: Subscript, extents: Mapping[str, Size]) -> Size:
    """The most values that `name` may take in `0 <= subscript < size` when the other indices take all of theirs."""
    coefficient = dict(subscript.at.terms)[name]
    others = Affine(tuple((n, c) for n, c in subscript.at.terms if n != name), subscript.at.constant)
    if coefficient > 0:
        room = add(subscript.extent, -1, scale(_end(others, extents, highest=True), -1))
    else:
        room = _end(others, extents, highest=False)
    return add(floor_divide(room, abs(coefficient)), 1)


def _end(at: Affine, extents: Mapping[str, Size], *, highest: bool) -> Size:
    """The highest or lowest value of `at` over the ranges of its indices."""
    return add(at.constant, *(scale(add(extents[n], -1), c) for n, c in at.terms if (c > 0) == highest))


def _unbounded(index: Name, subscripts: Sequence[Subscript], place: Callable[[Span], Place]) -> InputError:
    name = index.name
    together = next((s for s in subscripts if name in dict(s.at.terms)), None)
    if together is None:
        return InputError(
            f"nothing bounds the index '{name}': it is in no subscript of an operand",
            rule="an index runs over the tensors that it subscripts, or over the range of a 'where' clause",
            hint=f"say how far it runs: 'where {name} in 0:...'",
            places=[place(index.span)],
        )
    others = ", ".join(f"'{n}'" for n, _ in together.at.terms if n != name)
    return InputError(
        f"the index '{name}' has no range of its own: it is only seen together with {others}",
        rule="one subscript can bound one index; the others need a tensor or a 'where' clause of their own",
        hint=f"say how far it runs: 'where {name} in 0:...'",
        places=[place(together.span)],
    )


def _check_inside(subscript: Subscript, extents: Mapping[str, Size], place: Callable[[Span], Place]) -> None:
    if any(extents[name] == 0 for name, _ in subscript.at.terms):
        return
    lowest, highest = (_end(subscript.at, extents, highest=h) for h in (False, True))
    if isinstance(lowest, int) and lowest < 0:
        raise InputError(
            f"the subscript reaches {lowest}, before the first element of '{subscript.tensor}'",
            rule="an index starts at zero, and no subscript may be negative",
            hint="shift the subscripts so that the smallest is zero: A[i] and A[i + 1] for A[i - 1] and A[i]",
            places=[place(subscript.span)],
        )
    if isinstance(highest, int) and subscript.size is not None and highest >= subscript.size:
        raise InputError(
            f"the subscript reaches {highest}, but dimension {subscript.axis} of '{subscript.tensor}' "
            f"has size {subscript.size}",
            rule="no subscript may leave its tensor",
            places=[place(subscript.span)],
        )
