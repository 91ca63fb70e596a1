"""tools/run_docs.py on pages made here, with a stand-in for `lrpp`: what it runs, and that it notices what is wrong."""
import io
import os
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import check_docs  # noqa: E402
import run_docs  # noqa: E402

PROGRAM = """#!/usr/bin/env bash
case $1 in
  print) printf '%s\\n' "${@:2}" ;;
  fail) echo "lrpp: [input] no" >&2; exit 2 ;;
  save) echo "$3" >"$2" ;;
  *) exit 3 ;;
esac
"""


class RunDocs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name).resolve()
        (self.root / "zoo").mkdir()
        (self.root / "zoo/model.txt").write_text("shipped\n")
        self.program = self.root / "build/lrpp"
        self.program.parent.mkdir()
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)
        self.old_root = check_docs.ROOT
        check_docs.ROOT = run_docs.ROOT = self.root

    def tearDown(self):
        check_docs.ROOT = run_docs.ROOT = self.old_root
        self.folder.cleanup()

    def run_page(self, text, *options):
        """(exit code, what was said) of a page; every ''' in `text` is a fence."""
        (self.root / "page.md").write_text(text.replace("'''", "```"))
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = run_docs.main(["--lrpp", str(self.program), *options])
        return code, said.getvalue()

    def expect(self, text, code, *parts, options=()):
        got, said = self.run_page(text, *options)
        self.assertEqual(got, code, said)
        for part in parts:
            self.assertIn(part, said)

    def test_runs_blocks_in_order_and_keeps_their_files_out_of_the_project(self):
        self.expect(
            "'''sh\nlrpp save out.txt 'a b'\n'''\ntext\n'''sh\n# a comment\ntest \"$(cat out.txt)\" = 'a b'\n"
            "lrpp print $(cat zoo/model.txt)\n'''\n<!-- output -->\n'''text\nshipped\n'''\n",
            0, "2 shell blocks run, 1 outputs held against them, 0 shell blocks not run, 0 problems")
        self.assertEqual(sorted(p.name for p in self.root.iterdir()), ["build", "page.md", "zoo"])

    def test_notices_a_command_that_fails(self):
        self.expect("'''sh\nlrpp fail\nlrpp print after\n'''\n", 1, "page.md:1: must end with exit code 0; it was 2",
                    "[input] no")
        self.expect("'''sh\nlrpp fail | cat\n'''\n", 1, "it was 2")
        self.expect("'''sh\nlrpp print \"$nothing\"\n'''\n", 1, "unbound")

    def test_exit_codes(self):
        self.expect("<!-- exit: 2 -->\n'''sh\nlrpp fail\n'''\n", 0)
        self.expect("<!-- exit: 2 -->\n'''sh\nlrpp print\n'''\n", 1, "must end with exit code 2; it was 0")
        self.expect("<!-- exit: 2 -->\n'''sh\nlrpp fail\nlrpp print\n'''\n", 1, "holds one command")
        self.expect("<!-- exit: 2 -->\n'''sh\nlrpp \\\n  fail\n'''\n", 0)

    def test_what_is_not_run(self):
        self.expect("<!-- not run: needs a GPU -->\n'''sh\nlrpp fail\n'''\n", 0, "0 shell blocks run", "1 shell blocks not")
        self.expect("'''sh\nfalse\n'''\n", 0, "1 shell blocks not run")
        self.expect("<!-- run -->\n'''sh\nfalse\n'''\n", 1, "it was 1")
        self.expect("<!-- not run -->\n'''sh\nlrpp fail\n'''\n", 1, "say why")

    def test_finds_commands_where_they_stand(self):
        for text in ("lrpp fail", "true && lrpp fail", "A=1 lrpp fail", "echo $(lrpp fail)", "true; lrpp fail"):
            self.assertTrue(run_docs.COMMAND.search(text), text)
        for text in ("# lrpp fail", "build/lrpp fail", "echo lrpp_x", "cd lrpp"):
            self.assertFalse(run_docs.COMMAND.search(run_docs.without_comments(text)), text)

    def test_outputs(self):
        page = "'''sh\nlrpp print one 'two  2.50' three 'four 4'\n'''\n<!-- output -->\n'''text\n{}\n'''\n"
        for shown in ("one\ntwo 2.50", "two 2.51\nthree", "one\n...\nfour 4", "three\nfour   4"):
            self.expect(page.format(shown), 0)
        for shown in ("two 2.52", "one\nthree", "four 5", "three\n...\none", "two 2.5 x", "five"):
            self.expect(page.format(shown), 1, "was not printed")
        self.expect("<!-- output -->\n'''text\none\n'''\n", 1, "must follow a block that runs")

    def test_marks_that_lead_nowhere(self):
        self.expect("<!-- exit: 2 -->\n\n'''sh\nlrpp fail\n'''\n", 1, "right above a fenced block")
        self.expect("<!-- exit: two -->\n'''sh\nlrpp fail\n'''\n", 1, "an exit code is a number")
        self.expect("text <!-- exit: 2 -->\n", 1, "a line of its own")
        self.expect("<!-- not-run: x -->\n", 1, "a line of its own")
        self.expect("<!-- exit: 2 -->\n'''text\nlrpp: no\n'''\n", 1, "is for ```sh blocks")
        self.expect("'''bash\nlrpp fail\n'''\n", 1, "begin with ```sh")
        self.expect("'''\nlrpp fail\n'''\n", 1, "```text block")
        self.expect("'''sh\nlrpp fail\n", 1, "left open")

    def test_a_block_that_does_not_end(self):
        self.expect("'''sh\nlrpp print\nsleep 60\n'''\n", 1, "did not end within 1 s", options=("--seconds", "1"))


if __name__ == "__main__":
    unittest.main()
