"""Checks the rule of one definition: in namespace savp no class and no inline function is defined in two ways.

The compiler sees one source at a time and the linker takes any of several inline functions or classes of one name, so that
nobody else complains. What is looked at: the files that Git tracks under the folders given (include, src, tools and tests),
each as it stands, outside anonymous namespaces. Reported are

  - a class, struct, union or enum at namespace scope with two different bodies;
  - an inline function or function template (of a header, or one that says inline, constexpr or template) with two different
    bodies for one name and parameters;
  - a header that asks for a macro which differs from source to source (COMPILE_DEFINITIONS of set_source_files_properties, or
    what follows from a source's own instruction set, as __AVX2__): its inline functions would differ as well. Text that is
    made for such macros has another ending (.inc) and names of its own.
"""

import re
import subprocess
import sys
from pathlib import Path

TOKEN = re.compile(r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<raw>R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)")
  | (?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
  | (?P<word>[A-Za-z_0-9]+)
  | (?P<other>::|->|.)""", re.S | re.X)
KEYWORDS = {"class", "struct", "union", "enum"}
OF_INSTRUCTIONS = re.compile(r"__(?:AVX\w*|SSE\w*|FMA|F16C|BMI2?)__")
PER_SOURCE = re.compile(r"set_source_files_properties\s*\(([^)]*)\)")


def without_directives(text):
    """The text without preprocessor lines, those continued included; lines keep their numbers."""
    lines, continued = [], False
    for line in text.split("\n"):
        directive = continued or line.lstrip().startswith("#")
        continued = directive and line.endswith("\\")
        lines.append("" if directive else line)
    return "\n".join(lines)


def tokens(text):
    for match in TOKEN.finditer(without_directives(text)):
        if match.lastgroup != "space":
            yield match[0], match.start()


def matching(words, start, opening, closing):
    """The index behind the bracket that closes the one at `start`."""
    depth = 0
    for i in range(start, len(words)):
        depth += (words[i] == opening) - (words[i] == closing)
        if depth == 0:
            return i + 1
    return len(words)


def without_template(head):
    """A declaration's words without "template <...>" in front, and whether there was one."""
    found = False
    while head[:1] == ["template"]:
        end = matching(head, 1, "<", ">")
        head, found = head[end:], True
    return head, found


def without_attributes(head):
    kept, i = [], 0
    while i < len(head):
        if head[i] == "[" and head[i + 1:i + 2] == ["["]:
            i = matching(head, i, "[", "]")
        elif head[i] in ("alignas", "__attribute__") and head[i + 1:i + 2] == ["("]:
            i = matching(head, i + 1, "(", ")")
        else:
            kept.append(head[i])
            i += 1
    return kept


def class_name(head):
    """The name, with template arguments, of the class or enum that a head before "{" defines; None for other heads."""
    words = without_attributes(without_template(head)[0])
    while words[:1] and words[0] in ("typedef", "inline", "const", "constexpr", "static"):
        words = words[1:]
    if not words or words[0] not in KEYWORDS or "(" in words or "=" in words:
        return None
    words = [w for w in words if w not in KEYWORDS and w != "final"]
    return " ".join(words[:words.index(":")] if ":" in words else words)


def function_signature(head):
    """(name, parameters, rest) of the function that a head before "{" defines; None for other heads."""
    words = without_attributes(without_template(head)[0])
    start, i = None, 0
    while i < len(words):  # the first bracket behind a name, outside template arguments
        if words[i] == "(" and i > 0 and words[i - 1] not in ("decltype", "noexcept"):
            start = i
            break
        if words[i] == "=" and "operator" not in words[:i + 1]:
            return None
        i += 1
    if start is None:
        return None
    if words[start - 1] == "operator":
        start = matching(words, start, "(", ")")
    end = matching(words, start, "(", ")")
    name_start = start - 1
    if "operator" in words[:start]:
        name_start = words.index("operator")
    while name_start >= 2 and words[name_start - 1] == "::":
        name_start -= 2
    return " ".join(words[name_start:start]), parameter_types(words[start + 1:end - 1]), words[:name_start]


def parameter_types(words):
    """Parameters without their names and default values, so that overloads are told apart."""
    types, current, depth = [], [], 0
    for word in words + [","]:
        depth += (word in "(<[{") - (word in ")>]}")
        if word == "," and depth == 0:
            if "=" in current:
                current = current[:current.index("=")]
            if len(current) > 1 and re.fullmatch(r"[a-z]\w*", current[-1]) and current[-2] != "::":
                current = current[:-1]
            types.append(" ".join(current))
            current = []
        else:
            current.append(word)
    return ", ".join(types)


def definitions(path, text):
    """(kind, qualified name, body, line) of all that namespace savp defines inline in a file."""
    pairs = list(tokens(text))
    words = [word for word, _ in pairs]
    scopes, head, i = [], [], 0  # scopes: names of namespaces; "" is anonymous
    while i < len(words):
        word = words[i]
        if word == ";":
            head = []
        elif word == "}":
            if scopes:
                scopes.pop()
            head = []
        elif word != "{":
            head.append(word)
        elif head[:1] == ["namespace"] or head[:2] == ["inline", "namespace"]:
            scopes.append("".join(head[head.index("namespace") + 1:]))
            head = []
        elif head[:1] == ["extern"]:
            scopes.append("extern")
            head = []
        else:
            end = matching(words, i, "{", "}")
            line = without_directives(text).count("\n", 0, pairs[i][1]) + 1
            where = "::".join(s for s in scopes if s != "extern")
            hidden = "" in scopes
            name = class_name(head)
            if where.startswith("savp") and not hidden and name:
                yield "class", f"{where}::{name}", " ".join(head + words[i:end]), line
            signature = None if name else function_signature(head)
            if where.startswith("savp") and not hidden and signature:
                called, parameters, before = signature
                inline = path.suffix != ".cpp" or without_template(head)[1] or {"inline", "constexpr"} & set(before)
                if inline and "static" not in before:
                    yield "function", f"{where}::{called}({parameters})", " ".join(head + words[i:end]), line
            # An initialiser, or a constructor's, is part of a head that goes on.
            in_list = name is None and signature and end < len(words) and words[end] in (",", "{") and ":" in head
            i = end - 1
            head = head + ["{}"] if in_list else []
        i += 1


def per_source_macros(root):
    names = set()
    for cmake in root.rglob("CMakeLists.txt"):
        for call in PER_SOURCE.findall(cmake.read_text()):
            behind = call.partition("COMPILE_DEFINITIONS")[2]
            names.update(re.findall(r"\b([A-Z][A-Z0-9_]*)(?==)", behind))
    return names


def tracked(root, folders):
    """Files that Git knows, or all of them where there is no repository."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", *folders],
                            capture_output=True, text=True)
    if listed.returncode == 0:
        return [root / name for name in listed.stdout.split() if (root / name).exists()]
    return sorted(path for folder in folders for path in (root / folder).rglob("*") if path.is_file())


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    files = [p for p in tracked(root, ["include", "src", "tools", "tests"]) if p.suffix in (".h", ".cpp", ".cu", ".cuh")]
    macros, seen, found = per_source_macros(root), {}, []
    for path in files:
        text = path.read_text(errors="replace")
        shown = path.relative_to(root)
        for kind, name, body, line in definitions(path, text):
            first = seen.setdefault((kind, name), (body, shown, line))
            if first[0] != body and first[1] != shown:  # one file may choose between two with #if
                found.append(f"{shown}:{line}: {kind} {name} is defined in another way in {first[1]}:{first[2]}")
        if path.suffix in (".h", ".cuh"):
            for number, line in enumerate(text.splitlines(), start=1):
                asked = macros.intersection(re.findall(r"\w+", line)) or OF_INSTRUCTIONS.findall(line)
                if asked and line.lstrip().startswith("#"):
                    found.append(f"{shown}:{number}: {sorted(asked)[0]} differs from source to source, and a header's "
                                 "inline functions with it")
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))


main()
