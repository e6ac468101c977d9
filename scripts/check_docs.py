"""Checks the documentation: links and their anchors, functions named with their files, and the length of the README.

What a command in it does is checked by tests/docs/commands.py, the tables of flags by scripts/reference.py.
"""

import re
import subprocess
import sys
from pathlib import Path

MOST_WORDS = 1200  # of the README
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
FUNCTION = re.compile(r"`(\w+)\(\)` in `([\w/.]+)`")
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def anchors(page):
    """The names by which GitHub lets a page's headings be linked to."""
    headings = HEADING.findall(BLOCK.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def complaints(page):
    for link in LINK.findall(BLOCK.sub("", page.read_text())):
        if re.match(r"\w+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file) if file else page
        if not target.exists():
            yield f"{page}: links to {link}, which is not there"
        elif anchor and anchor not in anchors(target):
            yield f"{page}: links to {link}: there is no such heading"
    for function, file in FUNCTION.findall(page.read_text()):
        if not Path(file).exists() or not re.search(rf"\b{function}\(", Path(file).read_text()):
            yield f"{page}: names {function}() in {file}, which is not there"


def main():
    tracked = subprocess.check_output(["git", "ls-files", "*.md"], text=True).split()
    found = [text for name in tracked if Path(name).exists() for text in complaints(Path(name))]
    words = len(Path("README.md").read_text().split())
    if words > MOST_WORDS:
        found.append(f"README.md: {words} words, of which there may be {MOST_WORDS}: move something to docs/")
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))


main()
