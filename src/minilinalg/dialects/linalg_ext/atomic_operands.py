"""What the operands of an atomic on a block are, on tensors and buffers and as an instruction alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from xdsl.ir import SSAValue


class AtomicOperands:
    """Inputs: blocks of values, perhaps indices and a mask. Outputs: the array, perhaps what was found there."""

    if TYPE_CHECKING:
        # Defined by the operation: IRDL takes what a class holds for definitions.
        inputs: Sequence[SSAValue]
        outputs: Sequence[SSAValue]

    VALUES: ClassVar[int]
    """How many of the inputs are values; indices and a mask follow on them."""

    @property
    def values(self) -> Sequence[SSAValue]:
        return self.inputs[: self.VALUES]

    @property
    def index(self) -> SSAValue | None:
        """Where in the array each element goes; None where the array has the shape of the block."""
        return self.inputs[self.VALUES] if len(self.inputs) > self.VALUES else None

    @property
    def mask(self) -> SSAValue | None:
        """Which elements take part; None for all."""
        return self.inputs[self.VALUES + 1] if len(self.inputs) > self.VALUES + 1 else None

    @property
    def array(self) -> SSAValue:
        """The memory that is changed."""
        return self.outputs[0]

    @property
    def old(self) -> SSAValue | None:
        """What takes what was found; None where nobody asks for it."""
        return self.outputs[1] if len(self.outputs) > 1 else None
