"""Operations that insist on their layout, and those that a layout passes through.

Source: isLayoutAnchor, isExpensiveLoadOrStore and canFoldIntoConversion of Triton 3.9.
"""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import is_tensor, tensor_type
from minilinalg.dialects.ttg.inference import FORWARD, keeps_layout
from minilinalg.passes.layout_rewriting import num_warps_of, threads_per_warp_of

_ANCHORS = frozenset(
    {"tt.dot", "tt.dot_scaled", "tt.atomic_rmw", "tt.atomic_cas", "ttng.warp_group_dot", "ttng.warp_group_dot_wait"}
)
_DESCRIPTORS = "tt.descriptor_"


def is_costly_access(op: Operation) -> bool:
    """Whether a load or store keeps every thread busy. One of fewer elements mostly hits the cache, in any layout."""
    assert isinstance(op, tt.LoadOp | tt.StoreOp)
    if not is_tensor(op.operands[0].type):
        return True
    module = op
    while not isinstance(module, ModuleOp):
        parent = module.parent_op()
        assert parent is not None
        module = parent
    return tensor_type(op.operands[0]).element_count() >= num_warps_of(module) * threads_per_warp_of(module)


def is_anchor(op: Operation) -> bool:
    """Whether an operation's layout is the reason why others have theirs."""
    if isinstance(op, tt.LoadOp | tt.StoreOp):
        return is_costly_access(op)
    if isinstance(op, tt.ReshapeOp):
        return op.allow_reorder is not None or op.efficient_layout is not None
    if isinstance(op, tt.GatherOp):
        return op.efficient_layout is not None
    return op.name in _ANCHORS or op.name.startswith(_DESCRIPTORS)


def passes_layouts_on(op: Operation) -> bool:
    """Whether the layout of the results follows from that of the operands, and the operation works in any."""
    if is_anchor(op) or isinstance(op, tt.LoadOp | tt.StoreOp | tt.SplatOp | tt.MakeRangeOp):
        return False
    return isinstance(op, ttg.ConvertLayoutOp) or op.name in FORWARD or keeps_layout(op)


def is_made_in_any_layout(op: Operation) -> bool:
    """Whether the result comes out of nothing, of scalars or of shared memory: in another layout it costs the same."""
    return op.name in ("arith.constant", "tt.make_range", "tt.splat", "tt.histogram", "ub.poison")


def may_be_repeated(op: Operation) -> bool:
    """Whether an operation may be computed once more, in another layout."""
    if isinstance(op, tt.LoadOp | tt.StoreOp):
        return isinstance(op, tt.LoadOp) and not is_costly_access(op) and not op.is_volatile.value.data
    if is_anchor(op) or op.name.startswith(("ttg.local_", "ttng.", "scf.while", "tt.scan")):
        return False
    return isinstance(op, ttg.ConvertLayoutOp | tt.GatherOp) or op.name in FORWARD or keeps_layout(op)
