"""Layouts of tensors in registers that are given by their bases, as attributes in the official syntax.

Source: TritonGPUAttrDefs.td of Triton 3.9.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.irdl import irdl_attr_definition
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.ttg.distributed_layouts import DistributedLayout
from minilinalg.dialects.ttg.struct_attribute import Bases, Field, StructAttribute, bases_attr, read_bases, vectors
from minilinalg.layouts.distributed import linear
from minilinalg.layouts.linear import BLOCK, LANE, REGISTER, WARP, LinearLayout, dim_names


class BasesLayout(DistributedLayout, StructAttribute):
    """A layout that is given by its bases."""

    FIELDS: ClassVar = tuple(Field(name, read_bases) for name in (REGISTER, LANE, WARP, BLOCK))

    def given(self) -> LinearLayout:
        """The bases as they stand, whatever the tensor. Raises VerifyException when they are none of a layout."""
        named = {field.key: vectors(value) for field, value in zip(self.FIELDS, self.parameters, strict=True)}  # pyright: ignore
        return bases_layout(named)

    @property
    def rank(self) -> int:
        return len(self.given().outs)

    def make(self, shape: tuple[int, ...]) -> LinearLayout:
        return linear(shape, self.given())


def bases_layout(named: dict[str, tuple[tuple[int, ...], ...]]) -> LinearLayout:
    """The layout with these bases; a dimension is as large as they reach.

    Raises VerifyException when there is no basis, when they differ in length, or when an element is nowhere.
    """
    bases = [basis for each in named.values() for basis in each]
    if not bases or not bases[0]:
        raise VerifyException("there is no basis: the number of dimensions is not known")
    if odd := [basis for basis in bases if len(basis) != len(bases[0])]:
        raise VerifyException(f"bases {list(bases[0])} and {list(odd[0])}: they have a number for each dimension")
    sizes = [1 << max(column).bit_length() for column in zip(*bases, strict=True)]
    layout = LinearLayout.of(named, dict(zip(dim_names(len(sizes)), sizes, strict=True)))
    if not layout.is_surjective:
        raise VerifyException(
            f"not every element of {'x'.join(map(str, sizes))} is in some place: together the bases reach them all"
        )
    return layout


@irdl_attr_definition
class LinearEncodingAttr(BasesLayout):
    """A layout given by its bases: where the bits of the register, lane, warp and block numbers lead.

    ```mlir
    #ttg.linear<{register = [[1]], lane = [[2], [4], [8], [16], [32]], warp = [[64], [0]], block = []}>
    ```

    A basis leads along one dimension; zero bases are replicas.
    """

    name = "ttg.linear"
    ALIAS: ClassVar[str] = "linear"

    register: Bases
    lane: Bases
    warp: Bases
    block: Bases

    def __init__(self, layout: LinearLayout):
        super().__init__(*(bases_attr(layout.bases(field.key)) for field in self.FIELDS))

    def verify(self) -> None:
        layout = self.given()
        used = [mask for mask in layout.columns if mask]
        if len(set(used)) != len(used) or any(mask & mask - 1 for mask in used):
            raise VerifyException(
                "a basis leads along two dimensions, or two bases to the same element: those that are not zero lead "
                "to powers of two along one dimension, no two to the same"
            )


@irdl_attr_definition
class GenericLinearEncodingAttr(BasesLayout):
    """As `#ttg.linear`, but bases of warps may lead along several dimensions, and several bases to the same element.

    `#ttg.generic_linear<{register = [], lane = [[1, 0]], warp = [[2, 1], [0, 1]], block = []}>`
    """

    name = "ttg.generic_linear"
    ALIAS: ClassVar[str] = "linear"

    register: Bases
    lane: Bases
    warp: Bases
    block: Bases

    def __init__(self, layout: LinearLayout):
        super().__init__(*(bases_attr(layout.bases(field.key)) for field in self.FIELDS))

    def verify(self) -> None:
        layout = self.given()
        for name in (REGISTER, LANE, BLOCK):
            for basis in layout.bases(name):
                if sum(index != 0 for index in basis) > 1:
                    raise VerifyException(f"{name} has {list(basis)}: only a basis of warp leads along two dimensions")
