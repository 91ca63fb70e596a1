#!/usr/bin/env python3
"""Runs the shell blocks of the Markdown pages, as a reader would type them.

A ```sh block with an `lrpp` command is run whole, by bash, and stops at the first command that fails. The blocks of a
page run one after the other in one scratch folder, in which the project's files can be read by their usual paths; what a
block writes is there for the blocks that follow, and is thrown away with the folder. `lrpp` is the program given here.

Marks are lines of their own right above a block:
  <!-- exit: 2 -->           the block holds one command, which ends with this exit code (0 where nothing is said)
  <!-- not run: REASON -->   the block is not run, and why
  <!-- run -->               the block is run although it has no `lrpp` command
  <!-- output -->            above a block that is no shell block: its lines are printed, in this order, by the last
                             block that ran. A line `...` stands for any number of lines. Blanks count as one, and a
                             number may differ by one in its last digit, which machines round differently.

usage: tools/run_docs.py --lrpp PROGRAM [--env NAME=VALUE]... [--seconds N] [--list] [PAGE]...
Without PAGE: all pages. --env adds to what the blocks see; --seconds bounds one block (300); --list names the blocks.
Exit code 1 where a block does not do what its page says.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import check_docs

ROOT = check_docs.ROOT
MARK = re.compile(r"^<!-- (exit|not run|run|output)(?:: (.+))? -->$")
ALMOST_MARK = re.compile(r"<!--\s*(exit|not[ -]run|run|output)\b", re.IGNORECASE)
COMMAND = re.compile(r"(?:^|[|;&(]|\$\()\s*(?:[A-Z_]+=\S+\s+)*lrpp\s", re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])")


class Wrong(Exception):
    """A page that cannot be read as this file says."""


class Block:
    def __init__(self, page, line, language, text, marks):
        self.page, self.line, self.language, self.text, self.marks = page, line, language, text, marks
        self.has_lrpp = bool(COMMAND.search(without_comments(text)))
        self.shell = language == "sh"

    def runs(self):
        return self.shell and "not run" not in self.marks and (self.has_lrpp or "run" in self.marks)

    def where(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def without_comments(text):
    return re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)


def commands(text):
    """The commands of a block, continued lines joined."""
    joined = re.sub(r"\\\n", " ", without_comments(text))
    return [line for line in joined.split("\n") if line.strip()]


def read_mark(line):
    found = MARK.match(line)
    if not found:
        return None
    name, value = found[1], found[2]
    if name == "exit" and (value is None or not value.isdigit()):
        raise Wrong("an exit code is a number: <!-- exit: 2 -->")
    if name == "not run" and value is None:
        raise Wrong("say why: <!-- not run: REASON -->")
    if name in ("run", "output") and value is not None:
        raise Wrong(f"`{name}` takes no value: <!-- {name} -->")
    return name, value


def check(block):
    """Raises Wrong for marks that do not fit their block."""
    marks = block.marks
    if block.language in ("bash", "shell", "console", "zsh"):
        raise Wrong(f"shell blocks begin with ```sh, not ```{block.language}")
    if not block.shell:
        if set(marks) - {"output"}:
            raise Wrong(f"`{', '.join(marks)}` is for ```sh blocks")
        if block.language == "" and re.search(r"^\$? ?lrpp ", block.text, re.MULTILINE):
            raise Wrong("commands stand in ```sh blocks; what only looks like one, in a ```text block")
        return
    if "output" in marks:
        raise Wrong("`output` is for what commands print, not for a ```sh block")
    if "not run" in marks and len(marks) > 1:
        raise Wrong("a block that is not run has no other mark")
    if "run" in marks and block.has_lrpp:
        raise Wrong("a block with an `lrpp` command is run anyhow: no <!-- run -->")
    if "exit" in marks and not block.runs():
        raise Wrong("`exit` is for blocks that are run")
    if marks.get("exit", "0") != "0" and len(commands(block.text)) != 1:
        raise Wrong("a block that ends with an exit code other than 0 holds one command, so that no other is meant")


def blocks_of(page):
    """The fenced blocks of a page with their marks; Wrong, with its line, for marks that lead nowhere."""
    lines = page.read_text(encoding="utf-8").split("\n")
    marks, fence, found = {}, None, []
    for number, line in enumerate(lines, 1):
        try:
            opened = check_docs.FENCE.match(line.strip())
            if fence is None and opened:
                fence, begin, language = opened[1], number, line.strip()[len(opened[1]):].strip()
            elif fence is not None:
                if opened and line.strip() == opened[1] and opened[1].startswith(fence):
                    block = Block(page, begin, language, "\n".join(lines[begin : number - 1]), marks)
                    check(block)
                    found.append(block)
                    marks, fence = {}, None
            else:
                mark = read_mark(line)
                if mark is None and ALMOST_MARK.search(re.sub(r"`[^`]*`", "", line)):
                    raise Wrong("a mark is a line of its own, as tools/run_docs.py says")
                if mark:
                    marks[mark[0]] = mark[1]
                elif marks and not check_docs.MARKER.match(line):
                    raise Wrong(f"the mark `{', '.join(marks)}` must stand right above a fenced block")
        except Wrong as error:
            raise Wrong(f"{page.relative_to(ROOT)}:{number}: {error}") from None
    if marks or fence:
        raise Wrong(f"{page.relative_to(ROOT)}: its last mark or block is left open")
    return found


def make_scratch(folder, program):
    """The project's files as links, in folders of their own, so that what is written lands here."""
    work, programs = folder / "work", folder / "bin"
    work.mkdir()
    programs.mkdir()
    (programs / "lrpp").symlink_to(program)
    for entry in sorted(ROOT.iterdir()):
        if entry.name.startswith((".", "build-")) or entry.name in check_docs.SKIPPED:
            continue
        if entry.is_dir():
            shutil.copytree(entry, work / entry.name, copy_function=os.symlink,
                            ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (work / entry.name).symlink_to(entry)
    return work, programs


def run(block, work, environment, seconds):
    """(exit code, what was printed); the code is None where the time ran out."""
    process = subprocess.Popen(["bash", "-euo", "pipefail", "-c", block.text], cwd=work, env=environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, errors="replace", start_new_session=True)
    try:
        out, err = process.communicate(timeout=seconds)
        return process.returncode, out + err
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return None, ""


def same_line(wanted, got):
    """Equal but for blanks, and for numbers that differ by one in the last digit that the page shows."""
    wanted, got = " ".join(wanted.split()), " ".join(got.split())
    if wanted == got:
        return True
    if NUMBER.sub("#", wanted) != NUMBER.sub("#", got):
        return False
    for a, b in zip(NUMBER.findall(wanted), NUMBER.findall(got)):
        mantissa, _, exponent = a.partition("e")
        unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
        # Integers are counts and ids: they are what they are.
        if a != b and ("." not in mantissa or abs(float(a) - float(b)) > 1.01 * unit):
            return False
    return True


def missing_line(wanted, printed):
    """The first line of `wanted` that `printed` lacks, or None. Lines follow one another unless `...` stands between."""
    lines, at, gap = printed.split("\n"), 0, True
    for line in wanted.split("\n"):
        if line.strip() == "...":
            gap = True
            continue
        candidates = range(at, len(lines)) if gap else range(at, min(at + 1, len(lines)))
        hit = next((i for i in candidates if same_line(line, lines[i])), None)
        if hit is None:
            return line
        at, gap = hit + 1, False
    return None


def run_page(blocks, program, extra, seconds):
    """Yields (block, what is wrong or None, seconds) of the blocks that run or show what is printed."""
    with tempfile.TemporaryDirectory(prefix="lrpp-docs-") as folder:
        work, programs = make_scratch(Path(folder), program)
        environment = {**os.environ, **extra, "PATH": f"{programs}:{os.environ.get('PATH', '')}"}
        for name in ("NO_COLOR", "FORCE_COLOR"):
            environment.pop(name, None)
        printed = None
        for block in blocks:
            begin = time.monotonic()
            if block.runs():
                code, printed = run(block, work, environment, seconds)
                wanted = int(block.marks.get("exit", "0"))
                wrong = None
                if code is None:
                    wrong = f"did not end within {seconds} s"
                elif code != wanted:
                    ended = f"it was {code}" if code >= 0 else f"signal {-code} ended it"
                    wrong = f"must end with exit code {wanted}; {ended}. It printed:\n{printed[-2000:]}"
                yield block, wrong, time.monotonic() - begin
            elif block.shell:
                printed = None
            elif "output" in block.marks:
                wrong = None
                if printed is None:
                    wrong = "`output` must follow a block that runs"
                else:
                    line = missing_line(block.text, printed)
                    if line is not None:
                        wrong = f"the page shows a line that was not printed there: {line}\nPrinted:\n{printed[:4000]}"
                yield block, wrong, 0.0


def chosen_pages(names):
    if not names:
        return list(check_docs.pages())
    return [Path(name).resolve() for name in names]


def main(arguments):
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2].partition("\n")[0])
    parser.add_argument("--lrpp", type=Path)
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("pages", nargs="*", metavar="PAGE")
    options = parser.parse_args(arguments)
    if not options.list and (options.lrpp is None or not os.access(options.lrpp, os.X_OK)):
        parser.error("--lrpp must name the program")
    ran = shown = left = problems = 0
    for page in chosen_pages(options.pages):
        try:
            blocks = blocks_of(page)
        except Wrong as error:
            print(error, file=sys.stderr)
            problems += 1
            continue
        left += sum(block.shell and not block.runs() for block in blocks)
        if options.list:
            for block in blocks:
                if block.shell:
                    reason = block.marks.get("not run", "no lrpp command")
                    print(f"{block.where()}: " + ("runs" if block.runs() else f"not run: {reason}"))
            continue
        if not any(block.runs() or "output" in block.marks for block in blocks):
            continue
        extra = dict(pair.split("=", 1) for pair in options.env)
        for block, wrong, seconds in run_page(blocks, options.lrpp.resolve(), extra, options.seconds):
            ran += block.runs()
            shown += not block.runs()
            if wrong:
                print(f"{block.where()}: {wrong}", file=sys.stderr)
                problems += 1
            elif block.runs():
                print(f"{block.where()}: {seconds:.1f} s", flush=True)
    print(f"{ran} shell blocks run, {shown} outputs held against them, {left} shell blocks not run, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
