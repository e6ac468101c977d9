"""Checks how text in the code and the documentation is written: words, lines of a single word, and where long
texts are broken.

usage: scripts/check_text.py [--fix]

  - Comments, the strings of C++ and pages (*.md) contain none of the phrases of the table below.
  - No line of a comment or of a page's paragraph, and no piece of a string that is broken over several lines, is a
    single word.
--fix breaks such comments and strings anew; phrases are left to you.
"""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

COLUMNS = 110
PAGE_COLUMNS = 140
CPP = (".h", ".cpp", ".cu", ".cuh", ".inc")
SCRIPTS = (".py", ".sh", ".cmake", ".txt")
PAGES = (".md",)

# What users and readers should not have to puzzle over, and what to write instead.
PHRASES = [
    (r"\bf(ind|ound)s? out (from|unless)", "detect from, detected if omitted"),
    (r"\bby lot\b", "pseudo-randomly"),
    (r"\b(goes|go|going) on (with the same|where|from)\b", "continues"),
    (r"\bthe very (folder|file)\b", "the exact folder"),
    (r"\bwithout effect\b", "ignored; no effect"),
    (r"\bof the draws and\b", "random seed for"),
    (r"\bmarks that any\b", "baselines"),
    (r"\(there: ", "(original: ...)"),
    (r"\b[Rr]oll-outs?\b", "rollout"),
    (r"\b[Rr]oll(ed|s|ing) out\b", "unrolled"),
    (r"\ba training step takes\b", "time per training step"),
    (r"\btells? the flags of\b", "lists the flags of"),
    (r"\bwhat it was made of\b", "its sources"),
    (r"\[default: none\]", "nothing: an optional flag has no default"),
]


def is_prose(text):
    """Whether the text of a comment's line flows on from the line before: no list, no indented example."""
    return bool(text) and not text.startswith((" ", "!", "- ", "* ", "|", "usage:", "shellcheck ")) and "   " not in text


def comments(lines, mark):
    """Paragraphs of lines that are comments alone: (first, last, margin, their texts)."""
    pattern = re.compile(rf"( *){mark}(?!!) ?(.*)$")
    first, margin, texts = 0, None, []
    for number, line in enumerate([*lines, ""]):
        match = pattern.match(line)
        if match and is_prose(match[2]) and (margin is None or match[1] == margin):
            first, margin = (number, match[1]) if not texts else (first, margin)
            texts.append(match[2])
            continue
        if texts:
            yield first, number, margin, texts
        first, margin, texts = 0, None, []
        if match and is_prose(match[2]):
            first, margin, texts = number, match[1], [match[2]]


def paragraphs(lines):
    """As comments(), of a page: neither its code blocks, nor tables, nor headings."""
    in_code, first, margin, texts = False, 0, "", []
    for number, line in enumerate([*lines, ""]):
        bullet = re.match(r" *(?:[-*]|\d+\.) ", line)
        apart = in_code or not line.strip() or re.match(r" *([|#>!]|```)", line)
        if texts and (apart or bullet):
            yield first, number, margin, texts
            texts = []
        in_code ^= line.lstrip().startswith("```")
        if apart:
            continue
        if not texts:
            first, margin = number, " " * len(bullet[0]) if bullet else re.match(" *", line)[0]
        texts.append(line if bullet else line.strip())


def lonely_paragraphs(lines):
    for first, last, margin, texts in paragraphs(lines):
        for number, text in enumerate(texts[1:], start=first + 1):
            if " " not in text:
                again = broken(" ".join(texts).lstrip(), PAGE_COLUMNS - len(margin))
                opening = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
                yield number, text, (first, last, again and [opening + again[0], *(margin + line for line in again[1:])])
                break


def broken(text, width):
    """The text in lines of at most `width` characters, none of a single word."""
    for narrower in range(width, width // 2, -1):
        lines = textwrap.wrap(text, narrower, break_long_words=False, break_on_hyphens=False)
        if len(lines) == 1 or all(" " in line for line in lines):
            return lines
    return None


def lonely_comments(lines, mark):
    for first, last, margin, texts in comments(lines, mark):
        for number, text in enumerate(texts[1:], start=first + 1):
            if " " not in text:
                again = broken(" ".join(texts), COLUMNS - len(margin) - len(mark) - 1)
                yield number, text, (first, last, again and [f"{margin}{mark} {line}" for line in again])
                break


PIECE = re.compile(r'( *)"((?:[^"\\]|\\.)*)"(.*)$')
OPENING = re.compile(r'(.*)"((?:[^"\\]|\\.)*)"$')


def lonely_strings(lines):
    """Strings in pieces, each but the first at the start of a line, broken at spaces."""
    number = 0
    while number + 1 < len(lines):
        opening = OPENING.match(lines[number])
        pieces, margin, rest, last = [], "", "", number + 1
        while opening and last < len(lines) and rest == "" and (piece := PIECE.match(lines[last])):
            margin, rest = piece[1], piece[3]
            pieces.append(piece[2])
            last += 1
        if pieces and (complaint := lonely_piece(opening, pieces, margin, rest)):
            yield number + 1, complaint[0], (number, last, complaint[1])
        number = max(number + 1, last - 1 if pieces else 0)


def lonely_piece(opening, pieces, margin, rest):
    texts = [opening[2], *pieces]
    whole = "".join(texts)
    prose = whole.count(" ") > 3 and "\\" not in whole and "//" not in opening[1]
    if not prose or any(not text.endswith(" ") for text in texts[:-1]):
        return None
    lonely = [text for text in texts[1:] if " " not in text.strip()]
    if not lonely:
        return None
    width = COLUMNS - max(len(opening[1]), len(margin)) - 3
    again = broken(whole, width - len(rest))
    if again:
        again = [f'"{line} "' for line in again[:-1]] + [f'"{again[-1]}"{rest}']
        again = [opening[1] + again[0]] + [margin + line for line in again[1:]]
    return lonely[0], again


def lonely(path, lines):
    if path.suffix in PAGES:
        yield from lonely_paragraphs(lines)
        return
    yield from lonely_comments(lines, "//" if path.suffix in CPP else "#")
    if path.suffix in CPP:
        yield from lonely_strings(lines)


def phrases(path, lines):
    """Phrases in comments and strings, also where a line ends within them."""
    flowing = " ".join(re.sub(r'^ *(//|#|") ?|"$', "", line) for line in lines)
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(re.sub(r'^ *(//|#|") ?|"$', "", line)) + 1
    for pattern, instead in PHRASES:
        for match in re.finditer(pattern, flowing):
            number = max(i for i, start in enumerate(starts) if start <= match.start())
            yield f"{path}:{number + 1}: \"{match[0]}\": better \"{instead}\""


def fix(path, lines):
    """Breaks anew what has a lonely word; whether anything changed."""
    changes = [change for _, _, change in lonely(path, lines) if change[2]]
    for first, last, again in sorted(changes, reverse=True):
        lines[first:last] = again
    if changes:  # others keep their time
        path.write_text("\n".join(lines))
    return bool(changes)


def main():
    tracked = subprocess.check_output(["git", "ls-files"], text=True).splitlines()
    complaints = []
    for path in map(Path, tracked):
        if path.suffix not in CPP + SCRIPTS + PAGES or path.name == "check_text.py" or "golden" in path.parts:
            continue
        lines = path.read_text().split("\n")
        while "--fix" in sys.argv and fix(path, lines):
            pass
        complaints += [f"{path}:{number + 1}: a line of one word: {word}" for number, word, _ in lonely(path, lines)]
        complaints += phrases(path, lines)
    print(*complaints, sep="\n", end="\n" if complaints else "")
    sys.exit(bool(complaints))


main()
