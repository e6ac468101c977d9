"""Checks the house against its map, the last code block of README.md: includes, tables, and the headers for others; and
that no source includes what must not be used.

A line of the map, "datasets/  ... -> io", names an area and what it may include besides itself and core; what lies behind
those arrows may be included as well. "all above" means every area further up. tests/<area>/ obeys the rules of <area>;
what lies directly in tests/ may include everything. Where a line says "x.cpp is the table", rows like those in x.cpp are
nowhere else. include/savp/, what others may rely on, has at most 12 headers, which include nothing from src/ and have a
line with a comment for every two of code.
"""

import re
import subprocess
import sys
from pathlib import Path

MAP_LINE = re.compile(r"^ *(\w+)/ .*-> (.+?) *$")
FORBIDDEN = {"<regex>": "its matcher recurses over the text, and names in files may be of any length"}
INCLUDE = re.compile(r'^ *# *include *"(\w+)/')
PUBLIC_INCLUDE = re.compile(r'^ *# *include *["<](savp/[^">]+)[">]')
TABLE = re.compile(r"^ *(\w+)/ .*?(\w+\.cpp) is the table", re.MULTILINE)
ROWS = re.compile(r"\b(?:std::vector<(\w+)>|(\w+Terms)) \w+ = \{")  # the type of a table's rows, or of the table
MOST_PUBLIC_HEADERS = 12
LEAST_COMMENTS = 0.5  # lines with a comment for each line of code, in a public header


def read_map(readme):
    """The map's text, and area -> the areas that its files may include."""
    allowed = {}
    text = readme.read_text().split("```")[-2]
    for line in text.splitlines():
        match = MAP_LINE.match(line)
        if not match:
            continue
        area, arrow = match.groups()
        ahead = {"nothing": [], "all above": list(allowed)}.get(arrow, arrow.split(", "))
        unknown = [name for name in ahead if name not in allowed]
        if unknown:
            sys.exit(f"{readme}: the arrow of {area}/ points to {unknown[0]}, which no line above it names")
        allowed[area] = {area, "core"}.union(ahead, *(allowed[name] for name in ahead))
    return text, allowed


def area_of(path):
    """The name in the map whose rules hold for a file: src/io/x.cpp, tests/io/x_test.cpp -> io."""
    folders = path.parts[:-1]
    return folders[min(1, len(folders) - 1)]


def complaint(area, target, allowed):
    if not (Path("src") / target).is_dir():
        return None  # of the tests' own folders
    if target not in allowed:
        return f"the README's map has no area {target}"
    if target not in allowed[area]:
        return f"{area} must not include {target}"
    return None


def complaints(path, allowed):
    area = area_of(path)
    if path.parts[0] == "src":
        text = path.read_text()
        yield from (f"{path}: includes {name}: {why}" for name, why in FORBIDDEN.items() if f"#include {name}" in text)
    if area not in allowed:
        if path.parts[0] == "src":
            yield f"{path}: the README's map has no area {area}"
        return
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        match = INCLUDE.match(line)
        reason = match and complaint(area, match[1], allowed)
        if reason:
            yield f"{path}:{number}: {line.strip()}: {reason}"


def missing_rooms(allowed):
    return [f"README.md: the map names {area}/, which is not there" for area in allowed
            if not (Path("src") / area).is_dir() and not Path(area).is_dir()]


def rows_in(path):
    return {"".join(names) for names in ROWS.findall(path.read_text())}


def table_complaints(map_text, paths):
    """Tables that the map names and that are not there, and rows beside them."""
    for area, file in TABLE.findall(map_text):
        table = Path("src") / area / file
        rows = rows_in(table) if table.exists() else set()
        if not rows:
            yield f"README.md: the map says that {table} is the table of {area}/: there is none"
        for path in paths:
            if path.parts[0] == "src" and path != table and rows & rows_in(path):
                yield f"{path}: rows of {', '.join(sorted(rows & rows_in(path)))} belong to {table}"


def comment_ratio(text):
    commented = code = 0
    in_block = False  # of a comment as C has them
    for line in filter(None, map(str.strip, text.splitlines())):
        whole = in_block or line.startswith(("//", "/*"))
        commented += whole or "//" in line or "/*" in line
        code += not whole
        in_block = "*/" not in line if in_block or "/*" in line else False
    return commented / max(code, 1)


def public_complaints(paths):
    """What is wrong with the headers that other programs may rely on."""
    headers = [path for path in paths if path.parts[0] == "include"]
    if len(headers) > MOST_PUBLIC_HEADERS:
        yield f"include/savp: {len(headers)} headers, of which there may be {MOST_PUBLIC_HEADERS}"
    for path in headers:
        if (ratio := comment_ratio(path.read_text())) < LEAST_COMMENTS:
            yield f"{path}: {ratio:.2f} lines with a comment for each of code, less than {LEAST_COMMENTS}"
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            named = PUBLIC_INCLUDE.match(line)
            if INCLUDE.match(line) and not named:
                yield f"{path}:{number}: {line.strip()}: a header for other programs includes one of src/"
            elif named and not (Path("include") / named[1]).exists():
                yield f"{path}:{number}: {line.strip()}: there is no such header for other programs"


def main():
    map_text, allowed = read_map(Path("README.md"))
    tracked = subprocess.check_output(["git", "ls-files", "include", "src", "tools", "tests"], text=True)
    paths = [Path(name) for name in tracked.split() if name.endswith((".h", ".cpp", ".cu", ".cuh"))]
    paths = [path for path in paths if path.exists()]
    found = [text for path in paths if path.parts[0] != "include" for text in complaints(path, allowed)]
    found += [*missing_rooms(allowed), *table_complaints(map_text, paths), *public_complaints(paths)]
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))


main()
