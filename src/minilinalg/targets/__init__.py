"""Machines as data: `load_target` reads one of the TOML files beside this module, or a user's own."""

from minilinalg.targets.loader import Machine, list_targets, load_target, parse_target
from minilinalg.targets.simt_target import (
    DeviceMemory,
    Latency,
    Multiprocessor,
    SimtMachine,
    SimtTarget,
    TensorCores,
    Throughput,
)
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
    "DeviceMemory",
    "FigureError",
    "InstructionCost",
    "Latency",
    "Machine",
    "MatrixUnit",
    "Multiprocessor",
    "Path",
    "Pipe",
    "Role",
    "ScalarUnit",
    "Scope",
    "SimtMachine",
    "SimtTarget",
    "Space",
    "Target",
    "TensorCores",
    "Throughput",
    "VectorUnit",
    "list_targets",
    "load_target",
    "parse_target",
]
