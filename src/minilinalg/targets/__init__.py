"""Machines as data: `load_target` reads one of the TOML files beside this module, or a user's own."""

from minilinalg.targets.loader import list_targets, load_target, parse_target
from minilinalg.targets.target import (
    INSTRUCTION_CLASSES,
    PIPES,
    FigureError,
    InstructionCost,
    MatrixUnit,
    Path,
    Pipe,
    Role,
    ScalarUnit,
    Scope,
    Space,
    Target,
    VectorUnit,
)

__all__ = [
    "INSTRUCTION_CLASSES",
    "PIPES",
    "FigureError",
    "InstructionCost",
    "MatrixUnit",
    "Path",
    "Pipe",
    "Role",
    "ScalarUnit",
    "Scope",
    "Space",
    "Target",
    "VectorUnit",
    "list_targets",
    "load_target",
    "parse_target",
]
