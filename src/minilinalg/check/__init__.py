"""Checking by running: every pass against the one before it, on the same inputs.

After each pass the module runs on fresh copies of the arguments, and all of global memory, inputs included, is compared
with what the module before the pass left. The first pass that changed an answer, or after which the module does
something that no machine allows, is named, with the argument, the index and both values. docs/checking.md is the guide.
"""

from minilinalg.check.arguments import copy_arguments, whole_numbers
from minilinalg.check.checker import Checked, Checker, PassChecks, check_passes
from minilinalg.check.compare import Answer, Difference, first_difference
from minilinalg.check.deep import check_deep

__all__ = [
    "Answer",
    "Checked",
    "Checker",
    "Difference",
    "PassChecks",
    "check_deep",
    "check_passes",
    "copy_arguments",
    "first_difference",
    "whole_numbers",
]
