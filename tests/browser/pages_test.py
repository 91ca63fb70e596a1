#!/usr/bin/env python3
"""Opens the pages that lrpp writes in headless Chromium, as a reader would.

On each page: nothing on the console, nothing loaded from elsewhere, no script, no scrolling sideways on a telephone, dark
colours where they are asked for, nothing lost in print. On pages of texts words answer to the mouse and to the keyboard,
and a text that is markup is shown and does nothing.

usage: tests/browser/pages_test.py --lrpp PROGRAM [--screenshots FOLDER]
Exit code 0 where all hold. Without Chromium nothing is tested, which is said: "chromium is not installed".
"""
import argparse
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import chromium

ROOT = Path(__file__).resolve().parents[2]
TEXT = "The camera work is superb, but the script never finds a reason to exist."
MARKUP = """<script>alert(1)</script> "><img src=x onerror=alert(2)> <b onmouseover='alert(3)'>good</b> &amp; </style>"""
options = None


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="lrpp-pages-")
        cls.browser = chromium.Chromium(chromium.find())

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.folder.cleanup()

    def lrpp(self, *arguments):
        run = subprocess.run([options.lrpp, *arguments], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)

    def page(self, name, *arguments):
        """The page that the command writes, opened, with what holds for every page tested."""
        path = Path(self.folder.name) / f"{name}.html"
        self.lrpp(*arguments, "--output", str(path))
        page = chromium.Page(self.browser, path.as_uri())
        self.addCleanup(page.close)
        self.assertEqual(page.value("document.scripts.length"), 0)
        self.assertNotEqual(page.value("document.title"), "")
        self.assertEqual(page.value("document.documentElement.lang"), "en")
        light = page.value("getComputedStyle(document.body).backgroundColor")
        page.media(prefers_color_scheme="dark")
        self.assertNotEqual(page.value("getComputedStyle(document.body).backgroundColor"), light)
        self.take(page, f"{name}-dark")
        page.media("print")
        self.assertEqual(page.value("getComputedStyle(document.body).backgroundColor"), light, "print is never dark")
        self.assertTrue(page.value("document.querySelector('h1').offsetHeight > 0"))
        page.media()
        page.size(400, 800)
        self.assertLessEqual(page.value("document.documentElement.scrollWidth"), 400, "scrolls sideways")
        self.take(page, f"{name}-narrow")
        page.size(1000, 800)
        self.take(page, name)
        return page

    def take(self, page, name):
        if options.screenshots:
            Path(options.screenshots, f"{name}.png").write_bytes(page.screenshot())

    def assert_quiet(self, page):
        self.assertEqual(page.complaints(), [])

    def words(self, page):
        """The text as it is read: without the tips."""
        return page.value("(text => { text.querySelectorAll('.tip').forEach(tip => tip.remove()); return text.textContent })"
                          "(document.querySelector('.text').cloneNode(true))")

    def assert_words_answer(self, page):
        """A word shows its tokens' values under the mouse, and where the keyboard takes one."""
        shown = "getComputedStyle({}.nextElementSibling).display"
        word = "document.querySelector('.w[tabindex]')"
        self.assertEqual(page.value(shown.format(word)), "none")
        page.value(f"{word}.scrollIntoView({{block: 'center'}})")
        box = page.value(f"(r => [r.x + r.width / 2, r.y + r.height / 2])({word}.getBoundingClientRect())")
        page.hover(*box)
        self.assertEqual(page.value(shown.format(word)), "block", "under the mouse")
        tip = page.value(f"(r => [r.left, r.right])({word}.nextElementSibling.getBoundingClientRect())")
        self.assertTrue(0 <= tip[0] < tip[1] <= 1000, "the tip lies on the page")
        self.assertRegex(page.value(f"{word}.nextElementSibling.textContent"), r"token \d+, id \d+")
        page.hover(0, 0)
        self.assertEqual(page.value(shown.format(word)), "none", "the mouse has left")
        for _ in range(20):
            page.press("Tab")
            if page.value("document.activeElement.classList.contains('w')"):
                break
        self.assertEqual(page.value(shown.format("document.activeElement")), "block", "with the keyboard")

    def test_a_text(self):
        page = self.page("text", "explain", "zoo/sst2-mamba", "--text", TEXT)
        self.assert_words_answer(page)
        self.assertEqual(self.words(page), TEXT)
        headings = page.value("[...document.querySelectorAll('h2')].map(h => h.textContent)")
        for heading in ("Text", "What mattered most", "Where the score went", "Layer by layer", "Outputs"):
            self.assertIn(heading, headings)
        # Every layer's cells lie under their words.
        self.assertEqual(page.value("new Set([...document.querySelector('.layers').rows].map(r => r.cells.length)).size"), 1)
        self.assert_quiet(page)

    def test_markup_is_shown_and_does_nothing(self):
        page = self.page("markup", "explain", "zoo/sst2-mamba", "--text", MARKUP, "--target", "positive-negative")
        self.assertIn("<script>alert(1)</script>", self.words(page))
        self.assertEqual(page.value("document.querySelectorAll('img, b[onmouseover], script').length"), 0)
        self.assert_words_answer(page)
        self.assert_quiet(page)

    def test_several_targets(self):
        page = self.page("several", "explain", "zoo/sst2-mamba", "--text", TEXT, "--target", "all")
        self.assertEqual(page.value("document.querySelectorAll('article').length"), 2)
        self.assertTrue(page.value("[...document.querySelectorAll('nav a')].every(a => document.querySelector(a.hash))"))
        self.assert_quiet(page)

    def test_ten_thousand_tokens(self):
        text = Path(self.folder.name) / "long.txt"
        text.write_text(" ".join(f"{TEXT} It was day {i} of the festival." for i in range(450)))
        page = self.page("long", "explain", "zoo/sst2-mamba", "--text-file", str(text))
        size = (Path(self.folder.name) / "long.html").stat().st_size
        tokens = page.value("Number(/All (\\d+) tokens/.exec(document.body.textContent)[1])")
        print(f"a page of {tokens} tokens: {size / 1e6:.1f} MB, loaded and painted in {page.seconds:.2f} s")
        self.assertGreaterEqual(tokens, 10000)
        self.assertLess(size, 5e6)
        self.assert_words_answer(page)
        self.assert_quiet(page)

    def test_a_method_that_is_no_composite(self):
        page = self.page("method", "explain", "zoo/sst2-mamba", "--text", TEXT, "--method", "occlusion")
        self.assert_words_answer(page)
        self.assert_quiet(page)

    def test_pictures(self):
        for model in ("digits-cnn", "digits-vit", "digits-vim"):
            with self.subTest(model):
                page = self.page(model, "explain", f"zoo/{model}", "--image", "zoo/digits-cnn/example-1.png")
                self.assertTrue(page.value("[...document.images].every(i => i.complete && i.naturalWidth > 0 && i.alt)"))
                opacity = "getComputedStyle(document.querySelector('.heat')).opacity"
                self.assertEqual(page.value(opacity), "0.75")
                page.value("document.querySelector('input.o25').click()")
                self.assertEqual(page.value(opacity), "0.25", "without a script")
                self.assertGreaterEqual(page.value("document.querySelectorAll('.views figure').length"), 2)
                self.assert_quiet(page)

    def test_an_audit(self):
        page = self.page("audit", "audit", "zoo/sst2-mamba", "--text", TEXT)
        self.assertTrue(page.value("document.querySelector('.sum').textContent").startswith("No: every bit"))
        self.assert_quiet(page)

    def test_comparisons(self):
        models = [f"zoo/sst2-{name}" for name in ("mamba", "mamba2", "bert", "gpt2")]
        page = self.page("compare", "compare", *models, "--text", TEXT)
        for model in models:
            self.assertIn(model.split("/")[1], page.value("document.body.textContent"))
        self.assert_quiet(page)
        page = self.page("compare-pictures", "compare", "zoo/digits-cnn", "zoo/digits-vit", "zoo/digits-vim", "--image",
                         "zoo/digits-cnn/example-1.png")
        self.assertTrue(page.value("[...document.images].every(i => i.complete && i.naturalWidth > 0 && i.alt)"))
        self.assert_quiet(page)

    def test_an_evaluation(self):
        page = self.page("evaluation", "evaluate", "zoo/sst2-mamba", "--data", "docs/how-to/examples/sentences.tsv",
                         "--columns", "label,text", "--samples", "4", "--seed", "1")
        self.assert_quiet(page)


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lrpp", required=True)
    parser.add_argument("--screenshots")
    options = parser.parse_args()
    if not chromium.find():
        print("chromium is not installed: the pages are not opened in a browser")
        return 0
    if options.screenshots:
        os.makedirs(options.screenshots, exist_ok=True)
    return 0 if unittest.main(argv=[sys.argv[0]], exit=False, verbosity=2).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
