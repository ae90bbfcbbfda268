"""From a comprehension's text to its loops: what every name means, which elements are read, how far each index runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minilinalg.builder.ranges import Affine, Subscript, affine, infer_extents
from minilinalg.builder.sizes import ScalarSize, Size, add
from minilinalg.builder.syntax import Access, Call, Comprehension, Expression, Name, Range, Span, counted, walk
from minilinalg.errors import InputError, near_name


@dataclass(frozen=True)
class Operands:
    """What the caller gives: tensors by shape (None: a size known when the program runs), scalars, Python numbers."""

    shapes: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict[str, tuple[int | None, ...]])
    scalars: frozenset[str] = frozenset()
    constants: Mapping[str, int | float] = field(default_factory=dict[str, "int | float"])

    def names(self) -> list[str]:
        return [*self.shapes, *self.scalars, *self.constants]


@dataclass(frozen=True)
class Read:
    """One way in which a tensor is read: `at` has one affine subscript for each dimension."""

    tensor: str
    at: tuple[Affine, ...]


@dataclass(frozen=True)
class Bound:
    """A comprehension whose names are known and whose loops have their extents.

    `loops` has the indices of the target first (`parallel` many), then those reduced over, by first appearance.
    A loop counts from zero to its extent; the index has that value plus its entry in `lows`. `reads` are distinct; an
    access that is in no entry of `read_of` is a gather, since one of its subscripts is not affine.
    """

    syntax: Comprehension
    operands: Operands
    loops: tuple[str, ...]
    parallel: int
    extents: Mapping[str, Size]
    cut: frozenset[str]
    """The indices that may take fewer values than a dimension that they are the whole subscript of."""
    lows: Mapping[str, int]
    reads: tuple[Read, ...]
    read_of: Mapping[Access | Name, int]

    @property
    def accumulates(self) -> bool:
        """Whether the reduction starts from an operand, not from the neutral value."""
        return self.syntax.assignment != "=" and self.syntax.target.name in self.operands.shapes

    def unshaped(self) -> tuple[str, ...]:
        """The loops that no operand and no result shows by itself, so that their extent must be given another way."""
        shown = {s.plain for read in self.reads for s in read.at} | set(self.loops[: self.parallel])
        return tuple(name for name in self.loops if name not in shown)


def bind(comprehension: Comprehension, operands: Operands) -> Bound:
    """Resolve `comprehension` against its operands; InputError with the place of the first thing that is wrong."""
    return _Binder(comprehension, operands).bind()


class _Binder:
    def __init__(self, comprehension: Comprehension, operands: Operands):
        self.syntax = comprehension
        self.operands = operands
        self.indices = self._find_indices()
        self.lows: dict[str, int] = {}
        self.subscripts: list[Subscript] = []
        self.reads: dict[Read, int] = {}
        self.read_of: dict[Access | Name, int] = {}

    def bind(self) -> Bound:
        syntax = self.syntax
        self._check_target()
        given = {r.index.name: self._range(r) for r in syntax.ranges}
        for node in walk(syntax.value):
            self._visit(node)
        if syntax.assignment != "=" and syntax.target.name in self.operands.shapes:
            left = Span(syntax.target.span.start, syntax.assignment_span.start)
            access = Access(syntax.target.name, syntax.indices, left)
            self._check_rank(access)
            self._constrain(access)
        self._check_used()
        target = [i.name for i in syntax.indices]
        loops = (*target, *(name for name in self.indices if name not in target))
        self._check_assignment(loops)
        extents = infer_extents(list(self.indices.values()), self.subscripts, given, syntax.text)
        return Bound(
            syntax,
            self.operands,
            loops,
            len(target),
            extents.of,
            extents.cut,
            self.lows,
            tuple(self.reads),
            self.read_of,
        )

    def _error(self, span: Span, found: str, rule: str, hint: str | None = None) -> InputError:
        return InputError(found, rule=rule, hint=hint, places=[self.syntax.place(span)])

    def _find_indices(self) -> dict[str, Name]:
        """Every index by its first appearance: target, subscripts, `where` clauses."""
        known = set(self.operands.names())
        found = {index.name: index for index in self.syntax.indices}
        for node in walk(self.syntax.value):
            if isinstance(node, Access):
                for subscript in node.subscripts:
                    for part in walk(subscript):
                        if isinstance(part, Name) and part.name not in known:
                            found.setdefault(part.name, part)
        for clause in self.syntax.ranges:
            found.setdefault(clause.index.name, clause.index)
        return found

    def _check_target(self) -> None:
        seen: set[str] = set()
        for index in self.syntax.indices:
            if index.name in seen:
                raise self._error(
                    index.span,
                    f"the index '{index.name}' is twice on the left",
                    "the subscripts on the left are distinct index variables, so that each element is written once",
                )
            seen.add(index.name)
        for index in (*self.syntax.indices, *(r.index for r in self.syntax.ranges)):
            if index.name in self.operands.names():
                raise self._error(
                    index.span,
                    f"'{index.name}' is an operand and an index at once",
                    "an index variable has a name of its own",
                )

    def _range(self, clause: Range) -> Size:
        """The extent that a `where` clause gives; its lower end goes to `lows`."""
        name = clause.index.name
        if name in self.lows:
            raise self._error(clause.span, f"the range of '{name}' is given twice", "one range for an index")
        constants = self.operands.constants
        low = Affine((), 0) if clause.low is None else affine(clause.low, (), constants)
        high = affine(clause.high, self.operands.scalars, constants)
        if low is None or low.constant < 0:
            raise self._error(
                (clause.low or clause.high).span,
                "the lower end of the range is no constant from zero on",
                "a range is 'where index in LOW:HIGH', LOW a number that is not negative",
            )
        if high is None:
            raise self._error(
                clause.high.span,
                "the upper end of the range is neither a constant nor a scalar operand",
                "a range is 'where index in LOW:HIGH'; HIGH is made of numbers and scalar operands by + - *",
            )
        if low.constant and name in {i.name for i in self.syntax.indices}:
            raise self._error(
                clause.span,
                f"'{name}' is an index of the result and would start at {low.constant}",
                "an index of the result starts at zero",
                f"add {low.constant} to '{name}' in the subscripts on the right",
            )
        extent: Size = high.constant - low.constant
        for scalar, coefficient in high.terms:
            if coefficient != 1:
                raise self._error(clause.high.span, "a scalar is scaled here", "HIGH is a sum of scalars and numbers")
            extent = add(extent, ScalarSize(scalar))
        if isinstance(extent, int) and extent < 0:
            raise self._error(clause.span, "the range ends before it starts", "LOW is at most HIGH")
        self.lows[name] = low.constant
        return extent

    def _visit(self, node: Expression) -> None:
        if isinstance(node, Access):
            if node.tensor not in self.operands.shapes:
                raise self._unknown(node.tensor, Span(node.span.start, node.span.start + len(node.tensor)))
            self._check_rank(node)
            self._constrain(node)
        elif isinstance(node, Call) and node.function in (*self.operands.names(), *self.indices):
            raise self._error(
                node.span,
                f"'{node.function}' is called like a function",
                "subscripts are written in square brackets",
                f"write {node.function}[...]" if node.function in self.operands.shapes else None,
            )
        elif isinstance(node, Name):
            shape = self.operands.shapes.get(node.name)
            if shape == ():
                self._constrain(Access(node.name, (), node.span), node)
            elif shape is not None:
                raise self._error(
                    node.span,
                    f"the tensor '{node.name}' is named without subscripts",
                    "a comprehension speaks of one element at a time",
                    f"write {node.name}[{', '.join('ijklmnopqrst'[: len(shape)])}]",
                )
            elif node.name not in self.indices and node.name not in self.operands.names():
                raise self._unknown(node.name, node.span)

    def _unknown(self, name: str, span: Span) -> InputError:
        if name in self.operands.scalars or name in self.operands.constants:
            return self._error(
                span, f"'{name}' is a scalar and has no subscripts", "only tensors have subscripts", f"write {name}"
            )
        known = sorted({*self.operands.names(), *self.indices} - {name})
        return self._error(
            span,
            f"nothing is called '{name}' here",
            f"a name is an operand or an index; known: {', '.join(known)}" if known else "a name is an operand",
            near_name(name, known),
        )

    def _check_rank(self, access: Access) -> None:
        rank, given = len(self.operands.shapes[access.tensor]), len(access.subscripts)
        if rank != given:
            raise self._error(
                access.span,
                f"'{access.tensor}' has {counted(rank, 'dimension')} and {counted(given, 'subscript')} here",
                "one subscript for each dimension",
            )

    def _constrain(self, access: Access, node: Name | None = None) -> None:
        """Note what `access` asks of the ranges, and, when all its subscripts are affine, that it is read."""
        shape = self.operands.shapes[access.tensor]
        at = [self._affine(subscript) for subscript in access.subscripts]
        for axis, (size, subscript, part) in enumerate(zip(shape, at, access.subscripts, strict=True)):
            if subscript is not None:
                self.subscripts.append(Subscript(access.tensor, axis, size, subscript, part.span))
        affine_at = tuple(subscript for subscript in at if subscript is not None)
        is_target = access.tensor == self.syntax.target.name and access.span.end == self.syntax.assignment_span.start
        if len(affine_at) == len(at) and not is_target:
            self.read_of[node or access] = self.reads.setdefault(Read(access.tensor, affine_at), len(self.reads))

    def _affine(self, subscript: Expression) -> Affine | None:
        """A subscript over loops: an index that starts at `low` is its loop plus `low`."""
        at = affine(subscript, self.indices, self.operands.constants)
        if at is None:
            return None
        return at.plus(Affine((), sum(c * self.lows.get(name, 0) for name, c in at.terms)))

    def _check_used(self) -> None:
        used = {self.syntax.target.name} if self.syntax.assignment != "=" else set[str]()
        roots: Sequence[Expression] = (
            self.syntax.value,
            *(r.high for r in self.syntax.ranges),
            *(r.low for r in self.syntax.ranges if r.low is not None),
        )
        for root in roots:
            for node in walk(root):
                if isinstance(node, Access):
                    used.add(node.tensor)
                elif isinstance(node, Name):
                    used.add(node.name)
        for name in self.operands.names():
            if name not in used:
                raise self._error(
                    Span(0, len(self.syntax.text)),
                    f"the operand '{name}' is not in the comprehension",
                    "every operand that is given is used",
                    near_name(name, used),
                )

    def _check_assignment(self, loops: Sequence[str]) -> None:
        reduced = loops[len(self.syntax.indices) :]
        if self.syntax.assignment == "=" and reduced:
            index = self.indices[reduced[0]]
            raise self._error(
                index.span,
                f"the index '{index.name}' is only on the right",
                "an index that is only on the right is reduced over, and '=' does not say how",
                "reduce with '+=', '*=', 'max=', 'min=', '&=' or '|='",
            )
