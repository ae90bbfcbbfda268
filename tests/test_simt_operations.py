"""The kernels of the operations down the simt road: the tests of the simd road again, with their arguments and their
answers, every pass checked, for two machines."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from math import prod
from types import ModuleType
from typing import Any
from zlib import crc32

import pytest
import road_checks
import test_gathers
import test_libdevice
import test_road_atomics
import test_road_descriptors
import test_road_more_kernels
import test_road_operations
import test_road_pointers

TARGETS = ("h200", "a100")
MANY = 4
"""Cases of a test."""
MODULES = (
    *(test_road_operations, test_road_more_kernels, test_road_pointers, test_road_atomics, test_road_descriptors),
    *(test_gathers, test_libdevice),
)
OF_THE_SIMD_ROAD = (
    *("test_every_kernel", "test_the_tables", "test_what_has_no_way_down_says_so"),
    *("test_polls_that_have_no_way_down", "test_what_is_not_made_of_operations"),
    *("test_products_of_matrices_of_any_size", "test_an_address_in_no_argument", "test_assertions_that_fail"),
    *("test_a_size_beyond_the_array", "test_a_descriptor_without_sizes_and_strides"),
    *("test_lines_of_a_host_tensor_anywhere", "test_blocks_beyond_the_borders_of_host_tensors"),
)
"""How tests begin that are about the texts of its passes, its stages or its machines, or about no road at all."""


@pytest.fixture(autouse=True)
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a test runs; of one with many cases, each runs on either of the two."""
    found = request.param
    if found == "either":
        found = TARGETS[crc32(request.node.name.encode()) % len(TARGETS)]
    monkeypatch.setattr(road_checks, "SIMT_TARGET", found)


@pytest.fixture
def check() -> Any:
    """The one of test_road_pointers has machines of the simd road."""
    return test_road_pointers.KERNELS.check


def again(test: Callable[..., None]) -> Callable[..., None]:
    """A test whose parameter `target`, if it has one, does not matter: `machine` says where it runs."""
    marks: list[pytest.Mark] = list(getattr(test, "pytestmark", ()))
    kept = [mark for mark in marks if mark.name != "parametrize" or mark.args[0] != "target"]
    targets = {} if len(kept) == len(marks) else {"target": "mlu370"}

    @wraps(test)
    def repeated(**arguments: Any) -> None:
        test(**arguments, **targets)

    cases = prod(len(mark.args[1]) for mark in kept if mark.name == "parametrize")
    kept.append(pytest.mark.parametrize("machine", ["either"] if cases > MANY else TARGETS, indirect=True).mark)
    signature = inspect.signature(test)
    parameters = [p for name, p in signature.parameters.items() if name not in targets]
    vars(repeated).update(pytestmark=kept, __signature__=signature.replace(parameters=parameters))
    return repeated


def functions_of(module: ModuleType) -> Iterator[tuple[str, Callable[..., None]]]:
    for name, value in vars(module).items():
        if name.startswith("test_") and inspect.isfunction(value) and not name.startswith(OF_THE_SIMD_ROAD):
            yield name, again(value)


for module in MODULES:
    for name, function in functions_of(module):
        assert name not in globals(), name
        globals()[name] = function
