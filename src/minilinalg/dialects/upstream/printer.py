"""Writing MLIR text the way mlir-opt does.

Names of values are kept (`names.py`), several results are bound as `%acc:3`, `module` and the operations of `func`
stand without their dialect where MLIR leaves it out, enum attributes read back, dense attributes are exact
(`literals.py`), and with debug information locations are named once: `loc(#loc3)` with `#loc3 = loc(...)` around the
module. Affine maps are named too (`#map`), and every attribute whose class has an `ALIAS` (`#blocked`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AffineMapAttr,
    AffineSetAttr,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    NoneAttr,
    UnregisteredOp,
    i64,
)
from xdsl.dialects.utils.enum_attribute import EnumAttribute
from xdsl.ir import (
    Attribute,
    Block,
    BlockArgument,
    Operation,
    Region,
    SSAValue,
    TypeAttribute,
)
from xdsl.printer import Printer
from xdsl.utils.str_enum import StrEnum

from minilinalg.dialects.upstream.affine_text import map_text
from minilinalg.dialects.upstream.enums import prints_bare_enum
from minilinalg.dialects.upstream.literals import float_text, pack_float, print_dense
from minilinalg.dialects.upstream.locations import LOCATIONS, nested_locations, print_location_body
from minilinalg.dialects.upstream.names import ValueNames
from minilinalg.locations import source_location, strip_text_place

ALIASED: dict[type[Attribute], str] = {AffineMapAttr: "map", AffineSetAttr: "set"}
"""Builtin attributes that MLIR prints by an alias, and the start of its name."""


def alias_prefix(attribute: Attribute) -> str | None:
    """What the aliases of such attributes are called, or None for those that are printed in place."""
    return ALIASED.get(type(attribute)) or getattr(attribute, "ALIAS", None)


class Aliases:
    """Attributes that are written once in front of the module: `#map = affine_map<...>`."""

    def __init__(self) -> None:
        self._definitions: list[tuple[str, str]] = []
        self._names: dict[Attribute, str] = {}
        self._counts: dict[str, int] = {}

    def name(self, attribute: Attribute, prefix: str, render: Callable[[Attribute], str]) -> str:
        """The alias of `attribute`, defined when it is used first, after those of which it is made."""
        if (name := self._names.get(attribute)) is None:
            text = render(attribute)
            number = self._counts.get(prefix, 0)
            self._counts[prefix] = number + 1
            name = self._names[attribute] = f"#{prefix}{number or ''}"
            self._definitions.append((prefix, f"{name} = {text}\n"))
        return name

    @property
    def definitions(self) -> list[str]:
        """The lines in front of the module, by name as MLIR sorts them; none of these attributes is made of another."""
        return [line for _, line in sorted(self._definitions, key=lambda definition: definition[0])]


class MLIRPrinter(Printer):
    """xDSL's printer, completed as this module's docstring says; `text` is what was printed so far."""

    def __init__(self, *, generic: bool = False, debuginfo: bool = False, aliases: Aliases | None = None):
        super().__init__(None, print_generic_format=generic, print_debuginfo=debuginfo)
        self._aliases = aliases
        self._parts: list[str] = []
        self._names = ValueNames()
        self._depth = 0
        self._location_aliases: dict[Attribute, str] = {}
        self._types: dict[Attribute, str] = {}

    @property
    def text(self) -> str:
        return "".join(self._parts)

    # Characters

    def print_string(self, text: str, *, indent: int | None = None) -> None:
        if "\n" in text and indent != 0:
            text = text.replace("\n", "\n" + "  " * (self._indent if indent is None else indent))
        self._parts.append(text)

    def _print_new_line(self, indent: int | None = None, print_message: bool = True) -> None:
        self._parts.append("\n" + "  " * (self._indent if indent is None else indent))

    # Values and blocks

    def print_ssa_value(self, value: SSAValue) -> str:
        name = self._names.of.get(value)
        if name is None:
            name = self._names.name_outside(value)
        self._parts.append("%" + name)
        return name

    def _populate_block_name(self, block: Block, block_index: int | None = None) -> None:
        self._blocks[block] = self._names.blocks.get(block) or block.name_hint or f"bb{block_index or 0}"

    def print_block_argument(self, arg: BlockArgument, print_type: bool = True) -> None:
        self.print_ssa_value(arg)
        if print_type:
            self.print_string(": ")
            self.print_attribute(arg.type)
            if self.print_debuginfo:
                self.print_string(" ")
                self.print_attribute(arg.location)

    # Attributes

    def print_attribute(self, attribute: Attribute) -> None:
        if isinstance(attribute, TypeAttribute):
            if (text := self._types.get(attribute)) is None:
                text = self._types[attribute] = self._rendered(attribute)
            self._parts.append(text)
        elif isinstance(attribute, AffineMapAttr) and self._aliases is None:
            self._parts.append(self._rendered(attribute))
        elif self._aliases is not None and (prefix := alias_prefix(attribute)) is not None:
            self._parts.append(self._aliases.name(attribute, prefix, self._rendered))
        elif isinstance(attribute, LOCATIONS):
            self.print_string("loc(")
            print_location_body(self, strip_text_place(attribute), self._print_nested_location)
            self.print_string(")")
        elif isinstance(attribute, DenseIntOrFPElementsAttr):
            print_dense(self, attribute)  # pyright: ignore
        elif isinstance(attribute, FloatAttr):
            type_ = attribute.type  # pyright: ignore
            self.print_string(float_text(pack_float(attribute.value.data, type_), type_) + " : ")  # pyright: ignore
            self.print_attribute(type_)  # pyright: ignore
        elif prints_bare_enum(type(attribute)):
            # xDSL runs name and value together; MLIR puts the value in angle brackets.
            self.print_string(f"#{attribute.name}<")
            cast("EnumAttribute[StrEnum]", attribute).print_parameter(self)
            self.print_string(">")
        else:
            super().print_attribute(attribute)

    def _rendered(self, attribute: Attribute) -> str:
        """The text of an attribute, with aliases only for what is inside of it."""
        inner = type(self)(generic=self.print_generic_format, aliases=self._aliases)
        if isinstance(attribute, AffineMapAttr):
            return f"affine_map<{map_text(attribute.data)}>"
        if isinstance(attribute, MemRefType):
            inner._print_memref_type(attribute)  # pyright: ignore
        else:
            Printer.print_attribute(inner, attribute)
        return inner.text

    def _print_memref_type(self, type_: MemRefType[Attribute]) -> None:
        """As xDSL does, but `memref<8xf32, 1>` for memory space 1, and not `1 : i64`."""
        self.print_string("memref<")
        for size in type_.get_shape():
            self.print_string("?x" if size == DYNAMIC_INDEX else f"{size}x")
        self.print_attribute(type_.element_type)
        if not isinstance(type_.layout, NoneAttr):
            self.print_string(", ")
            self.print_attribute(type_.layout)
        space: Attribute = type_.memory_space
        if isinstance(space, IntegerAttr) and space.type == i64:  # pyright: ignore
            self.print_string(f", {space.value.data}")
        elif not isinstance(space, NoneAttr):
            self.print_string(", ")
            self.print_attribute(cast(Attribute, space))
        self.print_string(">")

    def print_float(self, value: float, type) -> None:  # pyright: ignore
        self.print_string(float_text(pack_float(value, type), type))  # pyright: ignore

    # Locations

    def _print_nested_location(self, location: Attribute) -> None:
        if (alias := self._location_aliases.get(location)) is not None:
            self.print_string(alias)
        else:
            print_location_body(self, location, self._print_nested_location)

    def _print_location_of(self, op: Operation) -> None:
        self.print_string(" loc(")
        self._print_nested_location(source_location(op))
        self.print_string(")")

    def _print_alias_definitions(self, locations: Iterable[Attribute]) -> None:
        for location in locations:
            self.print_string(f"{self._location_aliases[location]} = loc(")
            print_location_body(self, location, self._print_nested_location)
            self.print_string(")\n")

    # Operations

    def print_module(self, op: Operation) -> None:
        """`op` with a line break at the end, and the aliases that it uses around it."""
        self._aliases = Aliases()
        # A block argument's location cannot wait for a later definition in mlir-opt, an operation's can.
        early, late = _locations_inside(op) if self.print_debuginfo else ([], [])
        for number, location in enumerate((*early, *late)):
            self._location_aliases[location] = f"#loc{number or ''}"
        self._print_alias_definitions(early)
        self.print_op(op)
        self.print_string("\n")
        self._print_alias_definitions(late)
        self._parts[:0] = self._aliases.definitions

    def print_op(self, op: Operation) -> None:
        if self._depth == 0:
            self._names.name_operation(op)
        self._depth += 1
        if (binding := self._names.bindings.get(op)) is not None:
            self._parts.append(binding)
        if isinstance(op, UnregisteredOp):
            self._print_unregistered(op)
        elif self.print_generic_format or type(op).print is Operation.print:
            self._parts.append(f'"{op.name}"')
            self.print_op_with_default_format(op)
        else:
            self._parts.append(_short_name(op))
            op.print(self)
            if self.print_debuginfo:
                self._print_location_of(op)
        self._depth -= 1

    def _print_unregistered(self, op: UnregisteredOp) -> None:
        self.print_string(f'"{op.op_name.data}"')
        name = op.attributes.pop("op_name__")
        self.print_op_with_default_format(op)
        op.attributes["op_name__"] = name

    def print_operation_type(self, op: Operation) -> None:
        self.print_function_type(op.operand_types, op.result_types)
        if self.print_debuginfo:
            self._print_location_of(op)

    def print_block(self, block: Block, print_block_args: bool = True, print_block_terminator: bool = True) -> None:
        if print_block_args:
            self._print_new_line()
            self.print_block_name(block)
            if block.args:
                with self.in_parens():
                    self.print_list(block.args, self.print_block_argument)
            self._parts.append(":" + self._predecessors(block))
        super().print_block(block, False, print_block_terminator)

    def _predecessors(self, block: Block) -> str:
        """`  // 2 preds: ^bb0, ^bb2` behind the label of a block that is not the first."""
        region = block.parent
        if region is None or region.first_block is block:
            return ""
        found = [
            "^" + self._get_block_name(other)
            for other in region.blocks
            if other.last_op is not None
            for successor in other.last_op.successors
            if successor is block
        ]
        if not found:
            return "  // no predecessors"
        return f"  // {'pred' if len(found) == 1 else f'{len(found)} preds'}: {', '.join(found)}"

    def print_region(
        self,
        region: Region,
        print_entry_block_args: bool = True,
        print_empty_block: bool = True,
        print_block_terminators: bool = True,
    ) -> None:
        if self._depth == 0:
            for block in region.blocks:
                for op in block.ops:
                    self._names.name_operation(op)
        super().print_region(region, print_entry_block_args, print_empty_block, print_block_terminators)


def _short_name(op: Operation) -> str:
    """MLIR leaves out `builtin.`, and `func.` for what stands directly in a function."""
    if isinstance(op, ModuleOp):
        return "module"
    if op.name.startswith("func.") and (parent := op.parent_op()) is not None and parent.name == "func.func":
        return op.name.removeprefix("func.")
    return op.name


def _locations_inside(root: Operation) -> tuple[list[Attribute], list[Attribute]]:
    """The locations to define before `root`, which block arguments are made of, and those to define after it."""
    early: dict[Attribute, None] = {}
    late: dict[Attribute, None] = {}

    def visit(location: Attribute, into: dict[Attribute, None]) -> None:
        if location not in into:
            for inner in nested_locations(location):
                visit(inner, into)
            into[location] = None

    for op in root.walk():
        visit(source_location(op), late)
        for region in op.regions:
            for block in region.blocks:
                for argument in block.args:
                    for inner in nested_locations(strip_text_place(argument.location)):
                        visit(inner, early)
    return list(early), [location for location in late if location not in early]
