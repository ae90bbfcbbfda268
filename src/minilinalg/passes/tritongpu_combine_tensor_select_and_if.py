"""`tritongpu-combine-tensor-select-and-if`: a choice between tensors joins the branch with the same condition.

Source: the pass of the same name in Triton 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from minilinalg.dialects.tt.types import is_tensor
from minilinalg.dialects.upstream import arith, scf
from minilinalg.passes.base import MinilinalgPass


def _branch_for(select: arith.SelectOp) -> scf.IfOp | None:
    """The first conditional of the block on the select's condition that everybody who uses the select stands behind."""
    block = select.parent
    for use in select.cond.uses:
        branch = use.operation
        if not isinstance(branch, scf.IfOp) or branch.parent is not block or block is None:
            continue
        if not select.is_before_in_block(branch):
            continue
        users = [use.operation for use in select.result.uses]
        if all(_stands_behind(user, branch, block) for user in users):
            return branch
    return None


def _stands_behind(user: Operation, branch: scf.IfOp, block: Block) -> bool:
    """Whether `user` runs after `branch` began; in one of its regions too, where the choice is known."""
    at = user
    while at.parent is not block:
        parent = at.parent_op()
        if parent is None:
            return False
        at = parent
    return at is branch or branch.is_before_in_block(at)


def combine(select: arith.SelectOp, branch: scf.IfOp) -> None:
    """The conditional gives what the select chooses: its users in a region know which, those behind ask the result."""
    values = (select.lhs, select.rhs)
    for region, value in zip(branch.regions, values, strict=True):
        if not region.blocks:
            region.add_block(Block([scf.YieldOp()]))
        for use in list(select.result.uses):
            if region.is_ancestor(use.operation):
                use.operation.operands[use.index] = value
        end = region.block.last_op
        assert end is not None
        end.operands = [*end.operands, value]
    new = type(branch).create(
        operands=branch.operands,
        result_types=[*branch.result_types, select.result.type],
        properties=dict(branch.properties),
        attributes=dict(branch.attributes),
        regions=[branch.detach_region(region) for region in list(branch.regions)],
    )
    new.location = branch.location
    assert branch.parent is not None
    branch.parent.insert_op_before(new, branch)
    results: list[SSAValue] = list(new.results)
    for old, result in zip(branch.results, results, strict=False):
        result.name_hint = old.name_hint
        old.replace_all_uses_with(result)
    select.result.replace_all_uses_with(results[-1])
    for op in (branch, select):
        op.detach()
        op.erase()


@dataclass(frozen=True)
class TritongpuCombineTensorSelectAndIfPass(MinilinalgPass):
    """Lets a conditional give what a select on the same condition chooses between tensors.

    ```mlir
    tt.func @before(%c: i1, %a: tensor<8xf32>, %b: tensor<8xf32>, %p: !tt.ptr<f32>, %x: f32) -> tensor<8xf32> {
      %0 = arith.select %c, %a, %b : tensor<8xf32>
      scf.if %c {
        tt.store %p, %x : !tt.ptr<f32>
      }
      tt.return %0 : tensor<8xf32>
    }
    ```
    becomes
    ```mlir
    tt.func @after(%c: i1, %a: tensor<8xf32>, %b: tensor<8xf32>, %p: !tt.ptr<f32>, %x: f32) -> tensor<8xf32> {
      %0 = scf.if %c -> (tensor<8xf32>) {
        tt.store %p, %x : !tt.ptr<f32>
        scf.yield %a : tensor<8xf32>
      } else {
        scf.yield %b : tensor<8xf32>
      }
      tt.return %0 : tensor<8xf32>
    }
    ```

    Requires: nothing. Ensures: no select of tensors on one condition for all elements stands in front of a `scf.if` on
    that condition in the same block, unless something between them uses it. Leaves alone: conditions per element,
    scalars, and selects behind the conditional.
    """

    name = "tritongpu-combine-tensor-select-and-if"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for select in [each for each in op.walk() if isinstance(each, arith.SelectOp)]:
            if is_tensor(select.cond.type) or not is_tensor(select.result.type):
                continue
            if (branch := _branch_for(select)) is not None:
                combine(select, branch)
