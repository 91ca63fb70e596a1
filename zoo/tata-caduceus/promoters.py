"""The task of this folder: human TATA promoters against the same promoters with the place of the TATA box shuffled.

Promoters are lines of 300 letters around the start of transcription, which is letter 249 (counted from 0). The TATA box
lies some 30 letters before it.
"""

import random

LENGTH = 300
START_SITE = 249
BOX_REGION = range(START_SITE - 40, START_SITE - 19)  # 21 letters: where a TATA box of a human promoter begins and ends
CROP = 200
CROP_STARTS = range(60, 101)  # every crop holds the letters from -40 to +10 of the start site, at 41 different places
MOTIF = ("T", "A", "T", "A", "AT", "A", "AT", "AG")  # TATAWAWR, the consensus of the TATA box
ENOUGH = 6  # so many letters of the consensus make a box
# For each letter a number with one hexadecimal digit for each place of the consensus: 1 where the letter agrees.
AGREES = {letter: sum((letter in allowed) << 4 * place for place, allowed in enumerate(MOTIF)) for letter in "ACGTN"}


def read_promoters(path):
    lines = path.read_text(encoding="ascii").split()
    for number, line in enumerate(lines, 1):
        if len(line) != LENGTH or set(line) - set("ACGTN"):
            raise SystemExit(f"{path}:{number}: a line must hold {LENGTH} of the letters A, C, G, T and N")
    return lines


def split(promoters, seed=1):
    """Seven tenths to train with, one to choose with, two to test with. Promoters that share 40 letters stay together:
    they are two starts of one gene, or copies of it."""
    parent = list(range(len(promoters)))

    def root(i):
        while parent[i] != i:
            i = parent[i] = parent[parent[i]]
        return i

    first = {}
    for i, promoter in enumerate(promoters):
        for k in range(LENGTH - 39):
            parent[root(i)] = root(first.setdefault(promoter[k:k + 40], i))
    groups = {}
    for i in range(len(promoters)):
        groups.setdefault(root(i), []).append(promoters[i])
    ordered = sorted(groups.values())
    random.Random(seed).shuffle(ordered)
    sets = {"train": [], "dev": [], "test": []}
    for index, group in enumerate(ordered):
        share = index / len(ordered)
        sets["train" if share < 0.7 else "dev" if share < 0.8 else "test"] += group
    return sets


def best_box(text):
    """Where the eight letters begin that agree best with the consensus, and in how many letters; the first of equals."""
    agreement, counts = 0, []
    for letter in text:  # each digit moves on by a place and counts; the last one has seen all eight letters
        agreement = ((agreement << 4) + AGREES[letter]) & 0xFFFFFFFF
        counts.append(agreement >> 28)
    counts = counts[len(MOTIF) - 1:]
    return counts.index(max(counts)), max(counts)


def box_of(promoter):
    """The place of a promoter's TATA box, or None where no eight letters of the region are near enough to one."""
    place, count = best_box(promoter[BOX_REGION.start:BOX_REGION.stop])
    return BOX_REGION.start + place if count >= ENOUGH else None


def shuffle_dinucleotides(text, rng):
    """The letters in another order with the same pairs of neighbours, each as often as before: a random walk through all
    pairs (Altschul and Erickson, 1985). First and last letter stay."""
    followers = {}
    for a, b in zip(text, text[1:]):
        followers.setdefault(a, []).append(b)
    end = text[-1]
    while True:  # the last steps out of each letter must lead to the end, or the walk would be stuck before it is through
        last = {letter: rng.choice(following) for letter, following in followers.items() if letter != end}
        if all(leads_to(end, letter, last) for letter in last):
            break
    for letter, following in followers.items():
        if letter in last:
            following.remove(last[letter])
        rng.shuffle(following)
        if letter in last:
            following.append(last[letter])
    walk, used = text[0], dict.fromkeys(followers, 0)
    while len(walk) < len(text):
        letter = walk[-1]
        walk += followers[letter][used[letter]]
        used[letter] += 1
    return walk


def leads_to(end, letter, steps):
    for _ in range(len(steps)):
        letter = steps.get(letter, end)
    return letter == end


def without_box(promoter, rng):
    """The promoter with the region of the box shuffled until no box is left in it. Everything else stays, and so do the
    letters and the pairs of letters of the region: only their order can tell the two apart."""
    region = promoter[BOX_REGION.start:BOX_REGION.stop]
    chosen, fewest = None, len(MOTIF) + 1
    for _ in range(200):  # a few regions have a box in every order of their pairs: of those, the order with the poorest
        shuffled = shuffle_dinucleotides(region, rng)
        count = best_box(shuffled)[1]
        if count < fewest:
            chosen, fewest = shuffled, count
        if fewest < ENOUGH:
            break
    return promoter[:BOX_REGION.start] + chosen + promoter[BOX_REGION.stop:]


def crop(text, start):
    return text[start:start + CROP]


def examples(promoters, seed):
    """(crop, label, start of the crop) of each promoter and of the same without its box, the same for the same seed."""
    rng = random.Random(seed)
    found = []
    for promoter in promoters:
        start = rng.choice(CROP_STARTS)
        found.append((crop(promoter, start), 1, start))
        found.append((crop(without_box(promoter, rng), start), 0, start))
    return found
