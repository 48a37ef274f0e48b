# SPDX-License-Identifier: MIT
"""The commands of the README's chapter about programs without marks: what it shows is what is tried."""
import os
import re
import shlex

from harness import TREE, check

CHAPTER = "Programs that you did not write"


def commands():
    with open(os.path.join(TREE, "README.md"), encoding="utf-8") as file:
        text = file.read()
    found = re.search(rf"^## {CHAPTER}\n(.*?)^## ", text, re.M | re.S)
    check(found, f"README.md has no chapter {CHAPTER!r}")
    blocks = re.findall(r"```sh\n(.*?)```", found[1], re.S)
    return [shlex.split(line, comments=True)
            for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def options(first, word):
    """Arguments of the one command that begins with `first` and has an argument with `word`; without
    files and what it starts."""
    found = [words for words in commands()
             if words[:1] == [first] and any(word in part for part in words)]
    check(len(found) == 1, f"README.md has {len(found)} commands {first} ... {word}")
    words = found[0][1:]
    return words[:words.index("--")] if "--" in words else words
