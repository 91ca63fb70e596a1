#!/usr/bin/env python3
"""Holds the Markdown pages against the files they speak of.

1. A fenced block under `<!-- code: PATH NAME -->` must equal the region of PATH between the lines
   `// [docs:NAME]` and `// [/docs:NAME]`, without their common indentation. Without NAME: the whole file.
2. Relative links, and their #anchors into Markdown pages, must point to something that exists.

usage: tools/check_docs.py [--write]
--write brings the blocks up to date instead of reporting them. Exit code 1 where something does not hold.
"""
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = {"build", "out", "third_party"}
MARKER = re.compile(r"^<!-- code: (\S+)(?: (\S+))? -->$")
FENCE = re.compile(r"^(`{3,}|~{3,})")
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")


def pages():
    for path in sorted(ROOT.rglob("*.md")):
        parts = path.relative_to(ROOT).parts[:-1]
        if not any(part in SKIPPED or part.startswith((".", "build-")) for part in parts):
            yield path


def region(path, name):
    """The lines of a marked region, or of the whole file; ValueError says why there are none."""
    try:
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    if name is None:
        return lines
    begins = [i for i, line in enumerate(lines) if line.strip() == f"// [docs:{name}]"]
    ends = [i for i, line in enumerate(lines) if line.strip() == f"// [/docs:{name}]"]
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise ValueError(f"{path} must have one region `// [docs:{name}]` ... `// [/docs:{name}]`")
    return textwrap.dedent("\n".join(lines[begins[0] + 1 : ends[0]])).split("\n")


def check_code(page, lines, write):
    """Yields what is wrong; with `write` it puts the right blocks into `lines` instead."""
    fence = None
    i = 0
    while i < len(lines):
        opened = FENCE.match(lines[i])
        if fence is not None:
            if opened and opened[1].startswith(fence) and lines[i].strip() == opened[1]:
                fence = None
            i += 1
            continue
        if opened:
            fence = opened[1]
            i += 1
            continue
        marker = MARKER.match(lines[i])
        if not marker:
            if "<!-- code:" in lines[i]:
                yield i, "a code marker must be a line of its own: <!-- code: PATH [NAME] -->"
            i += 1
            continue
        begin = i + 1
        opened = FENCE.match(lines[begin]) if begin < len(lines) else None
        closing = [k for k in range(begin + 1, len(lines)) if opened and lines[k].strip() == opened[1]]
        if not closing:
            yield i, "a code marker must stand right above a fenced block"
            i += 1
            continue
        try:
            wanted = region(marker[1], marker[2])
        except ValueError as error:
            yield i, str(error)
            i = closing[0] + 1
            continue
        if lines[begin + 1 : closing[0]] != wanted:
            if write:
                lines[begin + 1 : closing[0]] = wanted
            else:
                yield i, f"the block differs from {' '.join(filter(None, marker.groups()))}; run tools/check_docs.py --write"
        i = begin + 1 + len(wanted) + 1 if write else closing[0] + 1


def outside_code(lines):
    """(line number, text) of the lines outside fenced blocks, without `inline code`."""
    fence = None
    for number, line in enumerate(lines):
        found = FENCE.match(line.lstrip())
        if fence is None and found:
            fence = found[1]
        elif fence is not None:
            if found and line.strip() == found[1] and found[1].startswith(fence):
                fence = None
        else:
            yield number, line


def anchors(path):
    """The anchors that GitHub gives to a page's headings."""
    seen = {}
    for _, line in outside_code(path.read_text(encoding="utf-8").splitlines()):
        heading = HEADING.match(line)
        if heading:
            text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            count = seen.get(slug, -1) + 1
            seen[slug] = count
            yield slug if count == 0 else f"{slug}-{count}"


def check_links(page, lines):
    for number, line in outside_code(lines):
        for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            path, _, anchor = target.partition("#")
            found = (page.parent / path) if path else page
            if not found.exists():
                yield number, f"the link to {target} leads nowhere"
            elif anchor and found.suffix == ".md" and anchor not in set(anchors(found)):
                yield number, f"{path or 'this page'} has no heading #{anchor}"


def main(arguments):
    if arguments not in ([], ["--write"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    write = arguments == ["--write"]
    problems = blocks = 0
    for page in pages():
        before = page.read_text(encoding="utf-8")
        lines = before.split("\n")
        found = list(check_code(page, lines, write)) + list(check_links(page, lines))
        blocks += sum(1 for line in lines if MARKER.match(line))
        for number, message in sorted(found):
            print(f"{page.relative_to(ROOT)}:{number + 1}: {message}", file=sys.stderr)
        problems += len(found)
        after = "\n".join(lines)
        if write and after != before:
            page.write_text(after, encoding="utf-8")
            print(f"wrote {page.relative_to(ROOT)}")
    print(f"{blocks} code blocks checked, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
