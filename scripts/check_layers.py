"""Checks that no include goes against the arrows of the map of the house, the last code block of README.md, and that
no source includes what must not be used.

A line of the map, "datasets/  ... -> io", names an area and what it may include besides itself and core; what lies behind
those arrows may be included as well. "all above" means every area further up. tests/<area>/ obeys the rules of <area>;
what lies directly in tests/ may include everything.
"""

import re
import subprocess
import sys
from pathlib import Path

MAP_LINE = re.compile(r"^ *(\w+)/ .*-> (.+?) *$")
FORBIDDEN = {"<regex>": "its matcher recurses over the text, and names in files may be of any length"}
INCLUDE = re.compile(r'^ *# *include *"(\w+)/')


def read_map(readme):
    """area -> the areas that its files may include."""
    allowed = {}
    for line in readme.read_text().split("```")[-2].splitlines():
        match = MAP_LINE.match(line)
        if not match:
            continue
        area, arrow = match.groups()
        ahead = {"nothing": [], "all above": list(allowed)}.get(arrow, arrow.split(", "))
        unknown = [name for name in ahead if name not in allowed]
        if unknown:
            sys.exit(f"{readme}: the arrow of {area}/ points to {unknown[0]}, which no line above it names")
        allowed[area] = {area, "core"}.union(ahead, *(allowed[name] for name in ahead))
    return allowed


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


def main():
    allowed = read_map(Path("README.md"))
    tracked = subprocess.check_output(["git", "ls-files", "src", "tools", "tests"], text=True)
    paths = [Path(name) for name in tracked.split() if name.endswith((".h", ".cpp", ".cu"))]
    found = [text for path in paths for text in complaints(path, allowed)]
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))


main()
