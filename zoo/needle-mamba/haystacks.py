"""Haystacks: random letters, one of which a marker points at, and a question at the end.

    python haystacks.py --distance 16 64 256 --count 100 --seed 7 > haystacks.tsv

A text is `d k a ! g b b ... c ?`: the letter after `!` is the needle, `?` asks for it, and `distance` letters lie
between. All other letters come from the same alphabet, so that the marker alone tells. Lines hold text TAB label TAB
the needle's place among the characters, from 0. `--count` is the number of texts of each distance; those of one
distance do not depend on which others are asked for.
"""

import argparse
import random

LETTERS = "abcdefghijklmnop"
MARKER, QUESTION = "!", "?"


def haystack(distance, rng, most_before=16):
    """Returns (text, label, place of the needle)."""
    def letters(count):
        return "".join(rng.choices(LETTERS, k=count))

    before, needle = letters(rng.randint(0, most_before)), rng.choice(LETTERS)
    return before + MARKER + needle + letters(distance) + QUESTION, needle, len(before) + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distance", type=int, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    if min(args.distance) < 0 or args.count < 1:
        parser.error(f"--distance must be 0 or more and --count 1 or more; came {args.distance} and {args.count}")
    for distance in args.distance:
        rng = random.Random(args.seed)
        for _ in range(args.count):
            print(*haystack(distance, rng), sep="\t")


if __name__ == "__main__":
    main()
