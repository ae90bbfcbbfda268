"""Target files: TOML to `Target` or `SimtTarget`, every mistake with its place.

    kind = "simd": name, description, [machine], [space.NAME] ..., [[path]] ..., [vector], [scalar], [matrix],
                   [instruction]
    kind = "simt": name, description, [machine], [multiprocessor], [memory], [throughput], [latency],
                   [tensor_cores], [tile_copies]

A figure is a number, or `{ value = NUMBER, source = "..." }`; a table may say `source` for all figures that do not say
their own. Sources are kept in `Target.sources`.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from pathlib import Path as FilePath
from typing import Any, TypeAlias, TypeVar, cast

from minilinalg.errors import CommandError, InputError, unknown_name
from minilinalg.targets.simt_target import (
    DeviceMemory,
    Latency,
    Multiprocessor,
    SimtMachine,
    SimtTarget,
    TensorCores,
    Throughput,
    TileCopies,
)
from minilinalg.targets.target import (
    INSTRUCTION_CLASSES,
    FigureError,
    Figures,
    InstructionCost,
    MatrixUnit,
    Path,
    ScalarUnit,
    Space,
    Target,
    VectorUnit,
)
from minilinalg.toml_document import Keys, TomlDocument, shown

_F = TypeVar("_F", bound=Figures)

Machine: TypeAlias = Target | SimtTarget
"""What a target file describes."""

_SHIPPED = FilePath(__file__).parent
_TOP_KEYS = ("name", "kind", "description", "machine", "space", "path", "vector", "scalar", "matrix", "instruction")
_OPTIONAL_TOP_KEYS = ("description", "matrix")
_SIMT_PARTS: Mapping[str, type[Figures]] = {
    "machine": SimtMachine,
    "multiprocessor": Multiprocessor,
    "memory": DeviceMemory,
    "throughput": Throughput,
    "latency": Latency,
    "tensor_cores": TensorCores,
    "tile_copies": TileCopies,
}
_SIMT_TOP_KEYS = ("name", "kind", "description", *_SIMT_PARTS)
_MACHINE_FIGURES = ("clusters", "cores_per_cluster", "clock_hz")
_PATH_KEYS = {"source": "from", "destination": "to"}
"""`from` is no name for a Python field, and `source` is where a figure is from."""


def list_targets() -> list[str]:
    """Names of the targets that ship with minilinalg, sorted."""
    return sorted(path.stem for path in _SHIPPED.glob("*.toml"))


def load_target(name_or_path: str | FilePath) -> Machine:
    """A shipped target by name, or a user's by the path of its `.toml` file.

    Raises CommandError for an unknown name or a file that cannot be read, InputError for an impossible machine.
    """
    name = str(name_or_path)
    if name.endswith(".toml"):
        what = "a target is the name of one that comes along, or the path of a TOML file"
        return parse_target(TomlDocument.read(name, what))
    if name not in list_targets():
        if FilePath(name).is_file():
            raise CommandError(f"'{name}' is no target file", rule="a target file's name ends in .toml")
        raise unknown_name("target", name, list_targets())
    return _shipped(name)


@cache
def _shipped(name: str) -> Machine:
    return parse_target(TomlDocument.read(_SHIPPED / f"{name}.toml"))


def parse_target(document: TomlDocument) -> Machine:
    """The target that a document describes. Raises InputError, with its place, for an impossible machine."""
    reader = _Reader(document)
    return reader.simt_target() if document.data.get("kind") == "simt" else reader.target()


class _Reader:
    def __init__(self, document: TomlDocument):
        self.document = document
        self.sources: dict[str, str] = {}

    def target(self) -> Target:
        data = self.document.data
        self._expect_keys((), data, _TOP_KEYS, [key for key in _TOP_KEYS if key not in _OPTIONAL_TOP_KEYS])
        machine = self._table("machine")
        self._expect_keys(("machine",), machine, (*_MACHINE_FIGURES, "source"), _MACHINE_FIGURES)
        instructions = self._table("instruction")
        self._expect_keys(("instruction",), instructions, tuple(INSTRUCTION_CLASSES), ())
        fields: dict[str, Any] = {
            **{key: self._text((key,), data[key]) for key in ("name", "kind", "description") if key in data},
            **{key: self._figure(("machine", key), machine[key], machine, int) for key in _MACHINE_FIGURES},
            "spaces": tuple(
                self._figures(Space, ("space", name), table, name=name) for name, table in self._table("space").items()
            ),
            "paths": tuple(self._figures(Path, ("path", i), table) for i, table in enumerate(self._array("path"))),
            "vector": self._figures(VectorUnit, ("vector",), data["vector"]),
            "scalar": self._figures(ScalarUnit, ("scalar",), data["scalar"]),
            "matrix": self._figures(MatrixUnit, ("matrix",), data["matrix"]) if "matrix" in data else None,
            "instructions": {
                name: self._figures(InstructionCost, ("instruction", name), table)
                for name, table in instructions.items()
            },
        }
        try:
            return Target(**fields, sources=self.sources)
        except FigureError as error:
            keys = ("machine", *error.keys) if error.keys[0] in _MACHINE_FIGURES else error.keys
            raise error.at([self.document.place(*keys)]) from None

    def simt_target(self) -> SimtTarget:
        data = self.document.data
        required = [key for key in _SIMT_TOP_KEYS if key not in ("description", "tensor_cores", "tile_copies")]
        self._expect_keys((), data, _SIMT_TOP_KEYS, required)
        texts = {key: self._text((key,), data[key]) for key in ("name", "kind", "description") if key in data}
        parts = {key: self._figures(cls, (key,), data[key]) for key, cls in _SIMT_PARTS.items() if key in data}
        fields: dict[str, Any] = {**texts, **parts}
        return SimtTarget(**fields, sources=self.sources)

    def _figures(self, cls: type[_F], keys: Keys, table: Any, **given: Any) -> _F:
        """One table as an instance of `cls`, whose fields say what the table may hold."""
        self._expect_table(keys, table)
        declared = {_PATH_KEYS.get(item.name, item.name) if cls is Path else item.name: item for item in fields(cls)}
        wanted = {key: item for key, item in declared.items() if item.name not in given}
        required = [key for key, item in wanted.items() if item.default is MISSING]
        self._expect_keys(keys, table, (*wanted, "source"), required)
        hints = typing.get_type_hints(cls)
        values = {
            item.name: self._field(item, hints[item.name], (*keys, key), table[key], table)
            for key, item in wanted.items()
            if key in table
        }
        try:
            return cls(**given, **values)
        except FigureError as error:
            raise error.at([self.document.place(*keys, *error.keys)]) from None

    def _field(self, item: Field[Any], hint: Any, keys: Keys, value: Any, table: Mapping[str, Any]) -> Any:
        if "least" not in item.metadata:
            return self._text(keys, value)
        kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        return self._figure(keys, value, table, float if float in kinds else int)

    def _figure(self, keys: Keys, value: Any, table: Mapping[str, Any], kind: type[int] | type[float]) -> int | float:
        source = table.get("source")
        if isinstance(value, dict):
            pair = cast(dict[str, Any], value)
            self._expect_keys(keys, pair, ("value", "source"), ("value",))
            source, value = pair.get("source", source), pair["value"]
        if source is not None:
            self.sources[".".join(map(str, keys))] = self._text((*keys, "source"), source)
        accepted = (int, float) if kind is float else int
        if isinstance(value, bool) or not isinstance(value, accepted):
            rule = f"{keys[-1]} is {'a number' if kind is float else 'a whole number'}"
            raise self._error(keys, f"{keys[-1]} is {shown(value)}", rule)
        return value

    def _text(self, keys: Keys, value: Any) -> str:
        if not isinstance(value, str):
            raise self._error(keys, f"{keys[-1]} is {shown(value)}", f"{keys[-1]} is a text")
        return value

    def _table(self, key: str) -> Mapping[str, Any]:
        value = self.document.data[key]
        self._expect_table((key,), value)
        return value

    def _array(self, key: str) -> list[Any]:
        value = self.document.data[key]
        if not isinstance(value, list):
            raise self._error((key,), f"'{key}' is {shown(value)}", f"every {key} is a table of its own, [[{key}]]")
        return cast(list[Any], value)

    def _expect_table(self, keys: Keys, value: Any) -> None:
        if not isinstance(value, dict):
            raise self._error(keys, f"'{keys[-1]}' is {shown(value)}", f"'{keys[-1]}' is a table")

    def _expect_keys(
        self, keys: Keys, table: Mapping[str, Any], known: tuple[str, ...], required: typing.Sequence[str]
    ) -> None:
        where = f"[{'.'.join(str(key) for key in keys if isinstance(key, str))}]" if keys else "a target file"
        self.document.expect_keys(keys, table, known, required, where)

    def _error(self, keys: Keys, found: str, rule: str) -> InputError:
        return InputError(found, rule=rule, places=[self.document.place(*keys)])
