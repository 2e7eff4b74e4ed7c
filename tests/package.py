"""The package's own files, read without running them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import EnumType
from importlib import import_module
import json
from pathlib import Path
import re
from types import ModuleType
from typing import Any

from homeassistant.util.yaml import parse_yaml

FOLDER = Path(__file__).parents[1] / "custom_components" / "oveit"
PACKAGE = "custom_components.oveit"


def read_json(name: str) -> dict[str, Any]:
    """Return a JSON file of the package."""
    return json.loads((FOLDER / name).read_text())


def read_yaml(name: str) -> dict[str, Any]:
    """Return a YAML file of the package; nothing where there is none."""
    path = FOLDER / name
    return dict(parse_yaml(path.read_text())) if path.exists() else {}  # type: ignore[arg-type]


def leaves(tree: dict[str, Any], path: str = "") -> dict[str, str]:
    """Return all texts of a tree by their paths."""
    found: dict[str, str] = {}
    for key, part in tree.items():
        here = f"{path}.{key}" if path else key
        found |= leaves(part, here) if isinstance(part, dict) else {here: part}
    return found


def placeholders(text: object) -> set[str]:
    """Return the names in braces, in a text or in all the texts of a tree."""
    if isinstance(text, dict):
        return set().union(*map(placeholders, text.values()))
    return set(re.findall(r"{(\w+)}", str(text)))


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call somewhere in the package."""

    module: ModuleType
    node: ast.Call
    function: ast.AST

    @property
    def name(self) -> str:
        """Return the name of what is called, without what it hangs on."""
        called = self.node.func
        return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")

    @property
    def target(self) -> Any:
        """Return what is called, if it is a name of the module."""
        return getattr(self.module, self.name, None)

    def calls(self, name: str, module: ModuleType) -> bool:
        """Tell whether it calls this function; one with an underscore is known in its module."""
        known = self.module is module or not name.startswith("_")
        return known and self.name == name and getattr(self.function, "name", "") != name

    def has(self, name: str) -> bool:
        """Tell whether a keyword is given."""
        return any(keyword.arg == name for keyword in self.node.keywords)

    def texts(self, name: str) -> set[str]:
        """Return what a keyword may stand for."""
        values = [keyword.value for keyword in self.node.keywords if keyword.arg == name]
        return set().union(*(texts(value, self) for value in values))

    def keys(self, name: str) -> set[str]:
        """Return the keys of the mapping that a keyword is given, all of its module if unpacked."""
        values: list[ast.AST] = [
            keyword.value for keyword in self.node.keywords if keyword.arg == name
        ]
        dicts = [node for value in values for node in ast.walk(value) if isinstance(node, ast.Dict)]
        if any(isinstance(value, ast.Name) for value in values):
            return self.handed_on()
        if any(key is None for each in dicts for key in each.keys):
            tree = ast.parse(Path(str(self.module.__file__)).read_text())
            dicts = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
        keys = [key for each in dicts for key in each.keys if isinstance(key, ast.Constant)]
        return {str(key.value) for key in keys}

    def handed_on(self) -> set[str]:
        """Return the keywords that the function around it is called with."""
        name = getattr(self.function, "name", "")
        others = [other.node.keywords for other in CALLS if other.calls(name, self.module)]
        return {str(keyword.arg) for keywords in others for keyword in keywords}


def modules() -> Iterator[tuple[ModuleType, ast.Module]]:
    """Yield the modules of Home Assistant's side."""
    for path in sorted(FOLDER.rglob("*.py")):
        parts = path.relative_to(FOLDER).with_suffix("").parts
        if parts[0] != "core":
            names = [PACKAGE, *(part for part in parts if part != "__init__")]
            yield import_module(".".join(names)), ast.parse(path.read_text())


def find_calls() -> list[Call]:
    """Return every call with the function around it."""
    found = []
    for module, tree in modules():
        around: dict[ast.AST, ast.AST] = {}
        for outer in ast.walk(tree):  # outer functions come first
            if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)):
                around |= dict.fromkeys(ast.walk(outer), outer)
        found += [
            Call(module=module, node=node, function=around.get(node, tree))
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
        ]
    return found


CALLS = find_calls()


def texts(node: ast.AST, call: Call) -> set[str]:
    """Return the texts that an expression may stand for, as far as can be seen."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            return texts(one, call) | texts(other, call)
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return set().union(*(texts(part, call) for part in parts))
        case ast.ListComp(generators=[ast.comprehension(iter=ast.Name(id=name))]):
            return named(getattr(call.module, name, None))
        case ast.Name(id=name):
            return named(getattr(call.module, name, None)) or local(name, call)
    return set()


def looped(name: str, loop: ast.For, call: Call) -> set[str]:
    """Return the texts behind the key of a loop over a mapping of the module."""
    match loop:
        case ast.For(
            target=ast.Tuple(elts=[ast.Name(id=key), *_]),
            iter=ast.Call(func=ast.Attribute(value=ast.Name(id=mapping), attr="items")),
        ) if key == name:
            return {str(each) for each in getattr(call.module, mapping, ())}
    return set()


def named(thing: object) -> set[str]:
    """Return the texts behind a name of the module."""
    if isinstance(thing, EnumType):
        return {str(member) for member in thing}  # type: ignore[var-annotated]
    if isinstance(thing, dict):
        thing = tuple(thing.values())
    if isinstance(thing, (tuple, list, set, frozenset)):
        return {str(text) for text in thing if isinstance(text, str)}
    return {str(thing)} if isinstance(thing, str) else set()


def local(name: str, call: Call) -> set[str]:
    """Return the texts behind a variable or a parameter of the function around a call."""
    function = call.function
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            found |= texts(node.value, call)
        elif isinstance(node, ast.For):
            found |= looped(name, node, call)
    if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        names = [argument.arg for argument in function.args.args if argument.arg != "self"]
        for other in CALLS if name in names else ():
            if other.calls(function.name, call.module):
                found |= other.texts(name)
                if len(other.node.args) > names.index(name):
                    found |= texts(other.node.args[names.index(name)], other)
    return found
