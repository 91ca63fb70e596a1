"""Sentences of the Stanford Sentiment Treebank with the words that carry the sentiment, for `lrpp evaluate`.

    python sst_words.py trees_dev.txt > words.tsv

A tree has a label from 0 to 4 at every node: 0 and 1 are negative, 3 and 4 positive. Kept are sentences that are one or
the other and have a word of their own sentiment, by that word's own label. A line has the sentence, its label (0 or 1)
and the spans of these words among its characters, as `12-18,30-35`.
"""

import re
import sys

LEAF = re.compile(r"\((\d) ([^()]+)\)")


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            whole, leaves = re.match(r"\((\d) ", line), LEAF.findall(line)
            if not whole or not leaves:
                raise SystemExit(f"{sys.argv[1]}:{number}: must hold a tree, (3 (2 It) ...)")
            if whole[1] == "2":
                continue
            label, place, spans = int(int(whole[1]) > 2), 0, []
            for polarity, word in leaves:
                word = word.lower().replace("-lrb-", "(").replace("-rrb-", ")")
                if polarity != "2" and int(int(polarity) > 2) == label:
                    spans.append(f"{place}-{place + len(word)}")
                place += len(word) + 1
            words = " ".join(word.lower().replace("-lrb-", "(").replace("-rrb-", ")") for _, word in leaves)
            if spans:
                print(words, label, ",".join(spans), sep="\t")


if __name__ == "__main__":
    main()
