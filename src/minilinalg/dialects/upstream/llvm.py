"""The `llvm` dialect: xDSL's, with the assumption that Triton's `tl.assume` becomes."""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, StringAttr, i1, i32
from xdsl.dialects.llvm import LLVM as XDSL_LLVM
from xdsl.ir import Dialect, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    traits_def,
)
from xdsl.traits import MemoryWriteEffect

NO_BUNDLES = DenseArrayBase.from_list(i32, [])


@irdl_op_definition
class AssumeOp(IRDLOperation):
    """The program never runs this with a false condition: a promise of who wrote it.

    ```mlir
    llvm.intr.assume %c : i1
    ```

    It counts as a write of memory, as upstream, so that it stays where it is. Operand bundles are not read.
    """

    name = "llvm.intr.assume"

    cond = operand_def(i1)
    op_bundle_sizes = prop_def(DenseArrayBase.constr(i32), default_value=NO_BUNDLES)
    op_bundle_tags = opt_prop_def(ArrayAttr[StringAttr])

    irdl_options = (ParsePropInAttrDict(),)
    traits = traits_def(MemoryWriteEffect())

    assembly_format = "$cond attr-dict `:` type($cond)"

    def __init__(self, cond: SSAValue):
        super().__init__(operands=[cond])


LLVM = Dialect("llvm", [*XDSL_LLVM.operations, AssumeOp], list(XDSL_LLVM.attributes))
