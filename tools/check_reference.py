#!/usr/bin/env python3
"""Holds docs/reference/registry/ against what the program lists: `lrpp rules --format markdown` and its sisters.

usage: tools/check_reference.py --lrpp PROGRAM [--write]
--write makes the pages anew instead. Exit code 1 where a page differs, 2 where the program cannot be run.
"""
import argparse
import difflib
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs/reference/registry"
LISTS = ["rules", "composites", "methods", "metrics", "models", "canonizers", "ops"]


def wanted_page(program, name):
    command = [program, name, "--format", "markdown"]
    listing = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
    return f"<!-- Made by tools/check_reference.py from `lrpp {name} --format markdown`: do not edit. -->\n{listing}"


def main(arguments):
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2].partition("\n")[0])
    parser.add_argument("--lrpp", required=True)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    problems = 0
    for name in LISTS:
        page = FOLDER / f"{name}.md"
        try:
            wanted = wanted_page(options.lrpp, name)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"lrpp {name}: {error}\n{getattr(error, 'stderr', '') or ''}", file=sys.stderr)
            return 2
        got = page.read_text(encoding="utf-8") if page.exists() else ""
        if got == wanted:
            continue
        if options.write:
            FOLDER.mkdir(exist_ok=True)
            page.write_text(wanted, encoding="utf-8")
            print(f"wrote {page}")
            continue
        problems += 1
        print(f"{page} is not what the program lists; run tools/check_reference.py --lrpp {options.lrpp} --write",
              file=sys.stderr)
        difference = difflib.unified_diff(got.splitlines(), wanted.splitlines(), "the page", "the program", lineterm="", n=0)
        print("\n".join(list(difference)[:40]), file=sys.stderr)
    for page in FOLDER.glob("*.md"):
        if page.stem not in LISTS:
            print(f"{page} belongs to no list of the program", file=sys.stderr)
            problems += 1
    print(f"{len(LISTS)} pages, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
