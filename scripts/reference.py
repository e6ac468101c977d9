"""Keeps docs/reference.md, the tables of all flags and hyperparameters, equal to what the tools say of themselves.

usage: scripts/reference.py [--fix | --man OUT] [--bin DIR]

Compares with --help and --help_hparams of the tools in DIR (build/bin). --fix writes what differs; the sections of tools
that are not built stay. --man writes a manual page of each tool and command to the folder OUT instead.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path("docs/reference.md")
TOOLS = ["savp_train", "savp_generate", "savp_evaluate", "savp_report", "savp_preprocess", "savp_convert", "savp_bench"]
SECTION = re.compile(r"^## ", re.MULTILINE)

HEAD = """# Reference

<!-- Made by scripts/reference.py --fix from what the tools say of themselves: edit their texts, not this page. -->

Every flag of every tool, then every hyperparameter. `--help` shows the same.

"""

ABOUT_MODELS = """Set by `--model_hparams "name=value,name=[value,value]"` or a JSON file ([training.md](training.md)). Where models differ in a
default, it is told for each."""
ABOUT_DATA = """Set by `--dataset_hparams "name=value,name=[value,value]"` or a JSON file ([data.md](data.md)). Where data sets differ in a
default, it is told for each; a default that is told once goes for all others."""


def output(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def entries(lines):
    """Lines that are indented by two begin an entry, those that are indented further continue it."""
    found = []
    for line in lines:
        if re.match(r"  \S", line):
            found.append(line.strip())
        elif line.strip() and found:
            found[-1] += ("  " if "  " not in found[-1] else " ") + line.strip()
    return found


# --- Flags


def flag_row(entry):
    flag, _, meaning = entry.partition("  ")
    meaning, notes = re.match(r"(.*?)(?: \[([^][]*(?:\[[^][]*\])*[^][]*)\])?$", meaning.strip()).groups()
    notes = "" if notes in (None, "default: off") else notes
    return [f"`{cell(flag)}`", cell(meaning), cell(notes)]


def flags_section(title, command):
    blocks = output([*command, "--help"]).split("\n\n")
    about = " ".join(blocks[0].split())[len(title):].strip()
    text = f"## {title}\n\n{about[0].upper()}{about[1:].rstrip('.')}.\n\n"
    for block in blocks[1:]:
        lines = block.split("\n")
        if lines[0].startswith(("Usage", "Example")):
            continue
        text += f"**{lines[0]}**\n\n" + table(["flag", "meaning", ""], map(flag_row, entries(lines[1:]))) + "\n"
    return text


def commands(tool):
    """The commands of a tool that has some."""
    text = output([tool, "--help"])
    return re.findall(r"^  (\w+)$", text.partition("\nCommands\n")[2], re.MULTILINE)


def tool_sections(tool):
    named = commands(tool) if tool.name in ("savp_preprocess", "savp_convert") else []
    if not named:
        return {tool.name: flags_section(tool.name, [tool])}
    return {f"{tool.name} {name}": flags_section(f"{tool.name} {name}", [tool, name]) for name in named}


# --- Manual pages

FORMATS = Path(__file__).parent.parent / "docs/formats.md"


def exits():
    """(code, meaning) of each row of the documentation's table, without its links."""
    table = FORMATS.read_text().partition("\n## Exit codes\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", table, re.MULTILINE)
    return [(code, re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", meaning)) for code, meaning in rows]


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def manual(title, command, version):
    """A page of man(7)."""
    blocks = output([*command, "--help"]).split("\n\n")
    about = " ".join(blocks[0].split())[len(title):].strip()
    name = title.replace(" ", "-")
    page = f'.TH {name.upper()} 1 "" "savp {version}"\n.SH NAME\n{roff(name)} \\- {roff(about.split(". ")[0].rstrip("."))}\n'
    sections = {"SYNOPSIS": "", "DESCRIPTION": roff(about) + "\n", "OPTIONS": "", "EXAMPLE": ""}
    for block in blocks[1:]:
        head, *lines = block.rstrip().split("\n")
        if head.startswith("Usage: "):
            sections["SYNOPSIS"] = roff(" ".join(block.split())[len("Usage: "):]) + "\n"
        elif head.startswith("Example"):
            sections["EXAMPLE"] = ".nf\n" + "\n".join(roff(line.strip()) for line in lines) + "\n.fi\n"
        else:
            sections["OPTIONS"] += f".SS {roff(head)}\n"
            for entry in entries(lines):
                flag, _, meaning = entry.partition("  ")
                sections["OPTIONS"] += f".TP\n\\fB{roff(flag)}\\fR\n{roff(meaning.strip())}\n"
    for section, text in sections.items():
        page += f".SH {section}\n{text}"
    return page + ".SH EXIT STATUS\n" + "".join(f".TP\n{code}\n{meaning}\n" for code, meaning in exits())


def write_manual(folder, out):
    out.mkdir(parents=True, exist_ok=True)
    for tool in (folder / name for name in TOOLS if (folder / name).exists()):
        version = output([tool, "--version"]).split()[1].rstrip(",")
        for title in tool_sections(tool):
            page = manual(title, [tool, *title.split()[1:]], version)
            (out / f"{title.replace(' ', '-')}.1").write_text(page)


# --- Hyperparameters


def hparams(text, kind):
    """(name, type, meaning) -> {whose: default}, for "kind NAME: ..." in --help_hparams."""
    found = {}
    for block in text.split("\n\n"):
        head = re.match(rf"{kind} (\w+): ", block)
        for entry in entries(block.split("\n")[1:]) if head else []:
            match = re.match(r"(\w+) \((.*); default (.*?)\)  (.*)$", entry)
            name, type_, default, meaning = match.groups()
            found.setdefault((name, type_, meaning), {})[head[1]] = default
    return found


def defaults(values):
    """"32 (savp), 16 (sna)", or the only value; the most frequent one is named last, without whose it is."""
    kinds = {}
    for who, value in values.items():
        kinds.setdefault(value, []).append(who)
    usual = max(kinds, key=lambda value: len(kinds[value]))
    told = [f"`{value}` ({', '.join(who)})" for value, who in kinds.items() if value != usual]
    return cell(", ".join([*told, f"`{usual}`" + (" (others)" if told else "")]))


def hparams_section(title, about, found):
    groups = {}
    for (name, type_, meaning), values in found.items():
        row = [f"`{name}`", cell(meaning), cell(type_), defaults(values)]
        groups.setdefault(tuple(values), []).append(row)
    text = f"## {title}\n\n{about}\n\n"
    for owners, rows in groups.items():
        text += f"**{', '.join(owners)}**\n\n" + table(["name", "meaning", "type", "default"], rows) + "\n"
    return text


def all_sections(folder):
    """The page's sections by title, as the tools that are built have them."""
    sections = {}
    for name in TOOLS:
        if (folder / name).exists():
            sections.update(tool_sections(folder / name))
    if (folder / TOOLS[0]).exists():
        text = output([folder / TOOLS[0], "--help_hparams"])
        for title, about, kind in (("Hyperparameters of models", ABOUT_MODELS, "Model"),
                                   ("Hyperparameters of data sets", ABOUT_DATA, "Data set")):
            sections[title] = hparams_section(title, about, hparams(text, kind))
    return sections


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("--man", type=Path)
    parser.add_argument("--bin", type=Path, default=Path("build/bin"))
    arguments = parser.parse_args()
    if arguments.man:
        return write_manual(arguments.bin, arguments.man)
    now = PAGE.read_text() if PAGE.exists() else HEAD
    was = {part.split("\n")[0]: "## " + part for part in SECTION.split(now)[1:]}
    made = all_sections(arguments.bin)
    order = [*made, *(title for title in was if title.split()[0] not in {name.split()[0] for name in made})]
    page = HEAD + "".join(made.get(title) or was[title] for title in order).rstrip() + "\n"
    if page == now:
        return
    if not arguments.fix:
        changed = [title for title in {**was, **made} if was.get(title, "").strip() != made.get(title, "").strip()]
        sys.exit(f"{PAGE}: not what the tools say ({', '.join(changed)}): scripts/reference.py --fix writes it anew")
    PAGE.write_text(page)


main()
