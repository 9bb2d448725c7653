"""A reader of TMDL, as strict as this project needs: what it does not know is an error.

https://learn.microsoft.com/analysis-services/tmdl/tmdl-overview: depth is tabs; an object is a keyword and a
name, and perhaps ``= expression``; a property is ``name: value``; a flag is its name alone; what is deeper
than a property below ``=`` is its text; ``///`` describes the object that follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

OBJECTS = {
    "annotation",
    "column",
    "database",
    "expression",
    "measure",
    "model",
    "partition",
    "refreshPolicy",
    "relationship",
    "ref table",
    "table",
}
UNNAMED = {"database", "refreshPolicy"}
PROPERTIES = {
    *("compatibilityLevel", "culture", "dataCategory", "dataType", "defaultPowerBIDataSourceVersion"),
    *(
        "displayFolder",
        "formatString",
        "fromColumn",
        "incrementalGranularity",
        "incrementalPeriods",
        "isActive",
    ),
    *("lineageTag", "mode", "policyType", "rollingWindowGranularity", "rollingWindowPeriods", "sourceColumn"),
    *("sourceQueryCulture", "summarizeBy", "toColumn"),
}
FLAGS = {
    *("dataAccessOptions", "discourageImplicitMeasures", "isHidden", "isKey", "legacyRedirects"),
    "returnErrorValuesAsNull",
}
TEXTS = {"source", "sourceExpression"}
NAME = r"'(?:[^']|'')+'|[\w-]+"


class TmdlError(ValueError):
    """A line that is no TMDL, or none that we write."""


@dataclass
class Node:
    """An object with its properties, texts and children."""

    kind: str
    name: str = ""
    expression: str = ""
    description: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)

    def all(self, kind: str) -> list[Node]:
        return [child for child in self.children if child.kind == kind]

    def one(self, kind: str) -> Node:
        (found,) = self.all(kind)
        return found


def unquote(name: str) -> str:
    return name[1:-1].replace("''", "'") if name.startswith("'") else name


def split_column(reference: str) -> tuple[str, str]:
    """``table.column`` as the two names."""
    found = re.fullmatch(rf"({NAME})\.({NAME})", reference)
    if not found:
        raise TmdlError(f"no column: {reference}")
    return unquote(found[1]), unquote(found[2])


def read_tmdl(text: str) -> Node:
    """The file as one node without a kind."""
    root = Node("")
    stack: list[tuple[int, Node]] = [(-1, root)]
    description: list[str] = []
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip("\t"))
        content = line[depth:]
        if content != content.strip():
            raise TmdlError(f"spaces around {line!r}")
        if content.startswith("///"):
            description.append(content[3:].strip())
            continue
        while stack[-1][0] >= depth:
            stack.pop()
        if depth != stack[-1][0] + 1:
            raise TmdlError(f"{line!r} stands too deep")
        parent = stack[-1][1]
        is_object = False
        if found := re.fullmatch(rf"({'|'.join(OBJECTS - UNNAMED)}) ({NAME})(?: = (.*))?", content):
            node = Node(found[1], unquote(found[2]), found[3] or "", " ".join(description))
            parent.children.append(node)
            stack.append((depth, node))
            is_object = True
        elif content in UNNAMED:
            parent.children.append(node := Node(content))
            stack.append((depth, node))
        elif (found := re.fullmatch(r"(\w+): (.+)", content)) and found[1] in PROPERTIES:
            if found[1] in parent.properties:
                raise TmdlError(f"{parent.kind} {parent.name} has two {found[1]}")
            parent.properties[found[1]] = found[2]
        elif content in FLAGS:
            parent.properties[content] = "true"
            if content == "dataAccessOptions":
                stack.append((depth, parent))
        elif (found := re.fullmatch(r"(\w+) =", content)) and found[1] in TEXTS:
            block = []
            while number < len(lines) and lines[number].startswith("\t" * (depth + 2)):
                block.append(lines[number][depth + 2 :])
                number += 1
            if not block:
                raise TmdlError(f"{content} has no text")
            parent.properties[found[1]] = "\n".join(block)
        else:
            raise TmdlError(f"cannot read {line!r}")
        if description and not is_object:
            raise TmdlError(f"a description of {content}: {description}")
        description = []
    if description:
        raise TmdlError(f"a description of nothing: {description}")
    return root
