"""Linear layouts: where hardware indices point in a tensor, as linear maps over GF(2).

A layout takes an index in each of its input dimensions (register, lane, warp, block of a tensor in registers; offset
and block of one in shared memory) to an index in each of its output dimensions (dim0, dim1 ... of the tensor). All
sizes are powers of two and the map is linear in the bits: the image of an index is the XOR of the images of its bits,
the *bases*. Everything else that a compiler asks of a layout is then linear algebra.

Zhou et al., *Linear Layouts: Robust Code Generation of Efficient Tensor Computation Using F2* (arXiv 2505.23819), the
definition in section 4; upstream's `LinearLayout` has the same dimensions and the same order of bases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from minilinalg.errors import InputError
from minilinalg.layouts.gf2 import Span, apply, rank

REGISTER, LANE, WARP, BLOCK, OFFSET = "register", "lane", "warp", "block", "offset"


def dim_names(count: int) -> tuple[str, ...]:
    """The names of the dimensions of a tensor: dim0, dim1 ..."""
    return tuple(f"dim{number}" for number in range(count))


def log2(size: int, what: str = "a size") -> int:
    """The exponent of a power of two. Raises InputError for any other number."""
    if size < 1 or size & size - 1:
        raise InputError(
            f"{what} is {size}", rule="a layout is linear in the bits of its indices, so sizes are powers of two"
        )
    return size.bit_length() - 1


@dataclass(frozen=True)
class LinearLayout:
    """A linear map over GF(2) between named dimensions.

    `ins` holds for each input dimension its bases, least significant bit first. A basis is a mask: the indices in the
    output dimensions side by side, the first of `outs` in the lowest bits. `outs` holds for each output dimension its
    number of bits. Two layouts are equal when they have the same dimensions in the same order and the same bases.
    """

    ins: tuple[tuple[str, tuple[int, ...]], ...]
    outs: tuple[tuple[str, int], ...]

    @staticmethod
    def of(bases: Mapping[str, Iterable[Sequence[int]]], outs: Mapping[str, int]) -> LinearLayout:
        """The layout with these bases, each a sequence of one index per output dimension; `outs` holds their sizes.

        Raises InputError for a size that is no power of two and an index outside its dimension.
        """
        bits = tuple((name, log2(size, f"the size of {name}")) for name, size in outs.items())
        trivial = LinearLayout((), bits)
        packed = {
            name: tuple(trivial.pack(basis, f"basis {list(basis)} of {name}") for basis in given)
            for name, given in bases.items()
        }
        return LinearLayout(tuple(packed.items()), bits)

    @staticmethod
    def empty() -> LinearLayout:
        """The layout without dimensions: the one of `*`."""
        return LinearLayout((), ())

    @staticmethod
    def identity(size: int, into: str, out: str) -> LinearLayout:
        """Index i of the dimension `into` points at index i of `out`."""
        bits = log2(size)
        return LinearLayout(((into, tuple(1 << bit for bit in range(bits))),), ((out, bits),))

    @staticmethod
    def zeros(size: int, into: str, out: str) -> LinearLayout:
        """All indices of the dimension `into` point at the one index of `out`: replicas."""
        return LinearLayout(((into, (0,) * log2(size)),), ((out, 0),))

    @property
    def in_names(self) -> tuple[str, ...]:
        """The input dimensions."""
        return tuple(name for name, _ in self.ins)

    @property
    def out_names(self) -> tuple[str, ...]:
        """The output dimensions."""
        return tuple(name for name, _ in self.outs)

    @cached_property
    def masks(self) -> dict[str, tuple[int, ...]]:
        """The bases as masks, by input dimension."""
        return dict(self.ins)

    @cached_property
    def out_bits(self) -> dict[str, int]:
        """The number of bits of an index, by output dimension."""
        return dict(self.outs)

    @property
    def columns(self) -> tuple[int, ...]:
        """The bases of all input dimensions in a row: the columns of the matrix."""
        return tuple(mask for _, masks in self.ins for mask in masks)

    @property
    def in_width(self) -> int:
        """The number of bits of all input indices together."""
        return len(self.columns)

    @property
    def out_width(self) -> int:
        """The number of bits of all output indices together."""
        return sum(bits for _, bits in self.outs)

    def in_size(self, name: str) -> int:
        """How many indices an input dimension has; one when the layout lacks it."""
        return 1 << len(self.masks.get(name, ()))

    def out_size(self, name: str) -> int:
        """How many indices an output dimension has; one when the layout lacks it."""
        return 1 << self.out_bits.get(name, 0)

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the output dimensions."""
        return tuple(1 << bits for _, bits in self.outs)

    def bases(self, name: str) -> list[tuple[int, ...]]:
        """The bases of an input dimension, each as one index per output dimension."""
        return [self.unpack(mask) for mask in self.masks.get(name, ())]

    def pack(self, indices: Sequence[int], what: str = "the index") -> int:
        """One index per output dimension, side by side in one mask. Raises InputError for an index outside."""
        if len(indices) != len(self.outs):
            raise InputError(f"{what} has {len(indices)} parts", rule=f"one for each of {', '.join(self.out_names)}")
        mask = shift = 0
        for index, (name, bits) in zip(indices, self.outs, strict=True):
            if not 0 <= index < 1 << bits:
                raise InputError(f"{what} is {index} in {name}", rule=f"{name} has the size {1 << bits}")
            mask |= index << shift
            shift += bits
        return mask

    def unpack(self, mask: int) -> tuple[int, ...]:
        """The inverse of `pack`."""
        indices: list[int] = []
        for _, bits in self.outs:
            indices.append(mask & (1 << bits) - 1)
            mask >>= bits
        return tuple(indices)

    def apply(self, **indices: int) -> tuple[int, ...]:
        """Where these input indices point: one index per output dimension. An index that is left out is zero."""
        result = 0
        for name, index in indices.items():
            result ^= apply(self.masks[name], index)
        return self.unpack(result)

    def __mul__(self, other: LinearLayout) -> LinearLayout:
        """Both side by side: `self` in the lower bits of the dimensions that they share, `other` above it."""
        bits = dict(self.outs)
        for name, more in other.outs:
            bits[name] = bits.get(name, 0) + more
        outs = tuple(bits.items())
        lower = _relocated(self, outs, {})
        upper = _relocated(other, outs, self.out_bits)
        ins = {name: masks + upper.get(name, ()) for name, masks in lower.items()}
        ins |= {name: masks for name, masks in upper.items() if name not in ins}
        return LinearLayout(tuple(ins.items()), outs)

    def compose(self, then: LinearLayout) -> LinearLayout:
        """First `self`, then `then`, whose input dimensions are the outputs of `self` or larger."""
        for name, bits in self.outs:
            if bits > len(then.masks.get(name, ())):
                raise InputError(
                    f"{name} has {1 << bits} indices and the next layout takes {then.in_size(name)}",
                    rule="a composition hands every index on",
                )
        columns = [mask for name, bits in self.outs for mask in then.masks[name][:bits]]
        return LinearLayout(
            tuple((name, tuple(apply(columns, mask) for mask in masks)) for name, masks in self.ins), then.outs
        )

    @cached_property
    def is_surjective(self) -> bool:
        """Whether every element is somewhere."""
        return rank(self.columns) == self.out_width

    @cached_property
    def is_injective(self) -> bool:
        """Whether no element is in two places."""
        return rank(self.columns) == self.in_width

    @property
    def is_invertible(self) -> bool:
        """Whether every element is in one place."""
        return self.is_surjective and self.is_injective

    def inverse(self) -> LinearLayout:
        """The layout from elements to places. Raises InputError unless every element is in exactly one."""
        if not self.is_injective:
            raise InputError(
                f"a layout without inverse: {self}",
                rule="every element is in one place",
                hint="layouts with replicas are compared by invert_and_compose",
            )
        return self.pseudo_inverse()

    def pseudo_inverse(self) -> LinearLayout:
        """One place of each element, and the one with the lowest indices in the last input dimensions.

        Raises InputError unless every element is somewhere.
        """
        units = tuple((name, tuple(1 << bit for bit in range(bits))) for name, bits in self.outs)
        elements = LinearLayout(tuple((n, self._shifted(n, masks)) for n, masks in units), self.outs)
        return elements.invert_and_compose(self)

    def _shifted(self, name: str, masks: tuple[int, ...]) -> tuple[int, ...]:
        below = sum(bits for _, bits in self.outs[: self.out_names.index(name)])
        return tuple(mask << below for mask in masks)

    def invert_and_compose(self, other: LinearLayout) -> LinearLayout:
        """From the places of `self` to places of `other` that hold the same element: `other` undone after `self`.

        Of several places in `other` (replicas) a basis takes the one of its own bit of its own dimension, if that holds
        the element; otherwise one that lies as far as possible in the first input dimensions. Raises InputError when
        `other` lacks an element.
        """
        other = other.with_outs(self.out_names)
        if other.outs != self.outs:
            raise InputError(
                f"layouts of {'x'.join(map(str, self.shape))} and {'x'.join(map(str, other.shape))} elements",
                rule="both layouts place the elements of one tensor",
            )
        outs = tuple((name, len(masks)) for name, masks in other.ins)
        span = Span(other.columns)
        starts = dict(zip(other.in_names, _running_sums(bits for _, bits in outs), strict=True))
        ins: list[tuple[str, tuple[int, ...]]] = []
        for name, masks in self.ins:
            images: list[int] = []
            for position, mask in enumerate(masks):
                there = other.masks.get(name, ())
                if position < len(there) and there[position] == mask:
                    images.append(1 << starts[name] + position)
                    continue
                image = span.solve(mask)
                if image is None:
                    raise InputError(
                        f"element {list(self.unpack(mask))} is nowhere in the layout {other}",
                        rule="every element that is asked for is in some place",
                    )
                images.append(image)
            ins.append((name, tuple(images)))
        return LinearLayout(tuple(ins), outs)

    def quotient(self, name: str) -> LinearLayout | None:
        """What is left when the dimension `name` is taken out of inputs and outputs; None unless it goes to itself.

        It goes to itself when each of its bits points at the same bit there, and no other input points into it.
        """
        if name not in self.masks or name not in self.out_bits or len(self.masks[name]) != self.out_bits[name]:
            return None
        position = self.out_names.index(name)
        for each, _ in self.ins:
            for bit, basis in enumerate(self.bases(each)):
                alone = basis[position] == 1 << bit and not any(basis[:position] + basis[position + 1 :])
                if not alone if each == name else basis[position]:
                    return None
        return self.restricted(
            [each for each in self.in_names if each != name], [each for each in self.out_names if each != name]
        )

    def divide_left(self, tile: LinearLayout) -> LinearLayout | None:
        """The layout q with `self == tile * q`, up to the order of dimensions; None when there is none."""
        if not set(tile.masks) <= set(self.masks) or not set(tile.out_bits) <= set(self.out_bits):
            return None
        outs = tuple((name, bits - tile.out_bits.get(name, 0)) for name, bits in self.outs)
        if any(bits < 0 for _, bits in outs):
            return None
        shifts = [tile.out_bits.get(name, 0) for name in self.out_names]
        rest = LinearLayout((), outs)
        ins: list[tuple[str, tuple[int, ...]]] = []
        for name in self.in_names:
            masks: list[int] = []
            for basis in self.bases(name)[len(tile.masks.get(name, ())) :]:
                if any(index & (1 << shift) - 1 for index, shift in zip(basis, shifts, strict=True)):
                    return None
                masks.append(rest.pack([index >> shift for index, shift in zip(basis, shifts, strict=True)]))
            ins.append((name, tuple(masks)))
        quotient = LinearLayout(tuple(ins), outs)
        product = (tile * quotient).with_ins(self.in_names).with_outs(self.out_names)
        return quotient if product == self else None

    def restricted(self, ins: Iterable[str], outs: Iterable[str]) -> LinearLayout:
        """The layout with these dimensions only; indices in the others are zero, or are not looked at."""
        outs = tuple(outs)
        kept = LinearLayout((), tuple((name, self.out_bits[name]) for name in outs))
        positions = [self.out_names.index(name) for name in outs]
        return LinearLayout(
            tuple(
                (name, tuple(kept.pack([basis[position] for position in positions]) for basis in self.bases(name)))
                for name in ins
            ),
            kept.outs,
        )

    def with_outs(self, names: Sequence[str]) -> LinearLayout:
        """The same layout with its output dimensions in this order."""
        return self if tuple(names) == self.out_names else self.restricted(self.in_names, names)

    def with_ins(self, names: Sequence[str]) -> LinearLayout:
        """The same layout with its input dimensions in this order."""
        return LinearLayout(tuple((name, self.masks[name]) for name in names), self.outs)

    def with_bases(self, name: str, masks: Iterable[int]) -> LinearLayout:
        """The same layout with other bases of one input dimension, added at the end when it is new."""
        return LinearLayout(tuple((self.masks | {name: tuple(masks)}).items()), self.outs)

    def without_replicas(self, name: str) -> LinearLayout:
        """The layout without the zero bases of one input dimension."""
        return self.with_bases(name, (mask for mask in self.masks[name] if mask))

    def reshaped(self, outs: Mapping[str, int]) -> LinearLayout:
        """The same masks, read as indices in other output dimensions of as many elements, the first one fastest."""
        bits = tuple((name, log2(size, f"the size of {name}")) for name, size in outs.items())
        if sum(count for _, count in bits) != self.out_width:
            raise InputError(
                f"{1 << self.out_width} elements in the shape {'x'.join(map(str, outs.values()))}",
                rule="reshaping keeps the number of elements",
            )
        return LinearLayout(self.ins, bits)

    def __str__(self) -> str:
        return "{" + ", ".join(f"{n} = {[list(basis) for basis in self.bases(n)]}" for n in self.in_names) + "}"


def _running_sums(numbers: Iterable[int]) -> list[int]:
    sums: list[int] = []
    total = 0
    for number in numbers:
        sums.append(total)
        total += number
    return sums


def _relocated(
    layout: LinearLayout, outs: tuple[tuple[str, int], ...], above: Mapping[str, int]
) -> dict[str, tuple[int, ...]]:
    """The bases of `layout` among wider output dimensions, moved up by `above` bits."""
    room = LinearLayout((), outs)

    def place(mask: int) -> int:
        indices = dict(zip(layout.out_names, layout.unpack(mask), strict=True))
        return room.pack([indices.get(name, 0) << above.get(name, 0) for name in room.out_names])

    return {name: tuple(map(place, masks)) for name, masks in layout.ins}
