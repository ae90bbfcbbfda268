"""What the operations of linalg_ext share: inputs, outputs in destination style, and how they are written."""

from __future__ import annotations

import abc

from xdsl.irdl import IRDLOperation, traits_def, var_operand_def, var_result_def
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import print_operand_group
from minilinalg.dialects.upstream.constraints import RankedTensor, Shaped
from minilinalg.dialects.upstream.effects import DestinationStyleEffects
from minilinalg.dialects.upstream.linalg.structured import tensor_types


class DestinationStyleOp(IRDLOperation, abc.ABC):
    """An operation that computes from `ins` into `outs`, with one result for each output that is a tensor."""

    inputs = var_operand_def(Shaped)
    outputs = var_operand_def(Shaped)
    res = var_result_def(RankedTensor)

    traits = traits_def(DestinationStyleEffects())

    def verify_results(self) -> None:
        """Raises VerifyException unless the results are those of the outputs."""
        if list(self.result_types) != tensor_types(self.outputs):
            raise VerifyException(
                f"'{self.name}' has results ({', '.join(map(str, self.result_types))}) for outputs of type "
                f"({', '.join(str(output.type) for output in self.outputs)}): there is one for each output that is a "
                "tensor, of its type"
            )

    def print_groups(self, printer: Printer) -> None:
        """` ins(...) outs(...)`."""
        print_operand_group(printer, "ins", self.inputs)
        print_operand_group(printer, "outs", self.outputs)
