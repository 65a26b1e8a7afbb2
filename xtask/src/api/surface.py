"""Prints the public surface of a Python package as text. Usage: surface.py FOLDER PACKAGE."""

from __future__ import annotations

import sys

import griffe


def is_public(name: str) -> bool:
    """Tell whether a name is public: without an underscore at its start, or like `__call__`."""
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


IGNORED = {
    "__init_subclass__",
    "__annotations__",
    "__slots__",
    "__all__",
    "__doc__",
    "__repr__",
    "__hash__",
}


def parameters(function: griffe.Function) -> str:
    """Formats the parameters of a function as Python does."""
    shown: list[str] = []
    previous = None
    for it in function.parameters:
        kind = it.kind
        if kind is griffe.ParameterKind.keyword_only and previous not in (
            griffe.ParameterKind.keyword_only,
            griffe.ParameterKind.var_positional,
        ):
            shown.append("*")
        if previous is griffe.ParameterKind.positional_only and kind is not previous:
            shown.append("/")
        stars = {
            griffe.ParameterKind.var_positional: "*",
            griffe.ParameterKind.var_keyword: "**",
        }.get(kind, "")
        text = f"{stars}{it.name}"
        if it.annotation is not None:
            text += f": {it.annotation}"
        if it.default is not None and not stars:
            text += f" = {it.default}"
        shown.append(text)
        previous = kind
    return ", ".join(shown)


def lines(thing: griffe.Object | griffe.Alias, path: str) -> list[str]:
    """Lists a public object and its members."""
    target = thing.final_target if thing.is_alias else thing
    if target.is_function:
        found = target.overloads or [target]
        return [
            f"{'async ' if 'async' in it.labels else ''}{path}({parameters(it)}) -> {it.returns}"
            for it in found
        ]
    if target.is_class:
        bases = ", ".join(str(base) for base in target.bases)
        own = [f"class {path}({bases})"]
        hidden = {
            name: member
            for name, member in target.inherited_members.items()
            if member.parent is not None and member.final_target.parent.name.startswith("_")
        }
        members = {**hidden, **target.members}
        for name in sorted(members):
            if is_public(name) and name not in IGNORED:
                own += lines(members[name], f"{path}.{name}")
        return own
    if target.is_attribute:
        annotation = f": {target.annotation}" if target.annotation is not None else ""
        value = f" = {target.value}" if target.value is not None and path.count(".") == 1 else ""
        return [f"{path}{annotation}{value}"]
    return []


def main(folder: str, package: str) -> None:
    """Prints the surface."""
    module = griffe.load(
        package, search_paths=[folder], resolve_aliases=True, resolve_external=False
    )
    exports = [str(name).strip("'\"") for name in module.exports or []]
    if not exports:
        raise SystemExit(f"{package} has no __all__")
    print(
        f"# The public surface of the Python package {package}. "
        "Written by `cargo xtask api`. Do not edit."
    )
    for name in sorted(set(exports)):
        try:
            print("\n".join(lines(module[name], f"{package}.{name}")))
        except (griffe.AliasResolutionError, KeyError) as error:
            print(f"{package}.{name}: {type(error).__name__}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
