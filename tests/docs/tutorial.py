"""What a tutorial asks to be run, and whether an output is what it shows.

README.md in this folder describes the convention.
"""
import dataclasses
import re


class Failure(Exception):
    """Something is not as the tutorial says; `line` is a line of the page."""

    def __init__(self, line, text, output=""):
        super().__init__(text)
        self.line, self.text, self.output = line, text, output


@dataclasses.dataclass
class Step:
    kind: str  # command, serve, stop, file or replace
    line: int
    text: str
    value: object = None  # file: its path; replace: what, by what
    expected: list = dataclasses.field(default_factory=list)  # (line, text)
    exit_code: int = 0


NUMBER = r"-?[0-9][0-9.,]*"
# What differs from run to run: hexadecimal names, numbers, bars, spaces, and what "..." stands for.
LOOSE = re.compile(r"(?P<any>\.\.\.)|(?P<name>\b(?=[0-9a-f]*[0-9])[0-9a-f]{8,}\b)|"
                   rf"(?P<number>{NUMBER})|(?P<bar>[\u2580-\u259f]+)|(?P<space>\s+)")
PATTERNS = {"any": ".*", "name": "[0-9a-f]+", "number": NUMBER, "bar": "[\u2580-\u259f]*",
            "space": r"\s+"}


def matches(expected, line):
    """Whether a line of output is like the one that the tutorial shows."""
    pattern, end = "", 0
    for found in LOOSE.finditer(expected := expected.strip()):
        pattern += re.escape(expected[end:found.start()]) + PATTERNS[found.lastgroup]
        end = found.end()
    return re.fullmatch(pattern + re.escape(expected[end:]), line.strip()) is not None


def read_tutorial(path):
    """The steps of a page, in its order."""
    steps, block, directive = [], None, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if block is not None:
            if line.startswith("```"):
                steps += _steps_of_block(block, directive)
                block, directive = None, None
            else:
                block.append((number, line))
        elif line.startswith("```"):
            block = [(number, line[3:].strip())]
        elif found := re.fullmatch(r"<!-- test: (\w+) ?(.*?) ?-->", line):
            word, rest = found.groups()
            if word in ("file", "skip", "serve", "exit"):
                directive = (word, rest, number)
            else:
                steps.append(_own_step(word, rest, number))
    if block is not None:
        raise Failure(block[0][0], "the block does not end")
    return steps


def _own_step(word, rest, number):
    if word == "setup":
        return Step("command", number, rest)
    if word == "stop":
        return Step("stop", number, rest)
    if word == "replace" and " => " in rest:
        return Step("replace", number, rest, tuple(rest.split(" => ", 1)))
    raise Failure(number, f'"test: {word} {rest}" is no directive')


def _steps_of_block(block, directive):
    (first, language), lines = block[0], block[1:]
    word, rest, _ = directive or (None, None, None)
    if word == "skip":
        return []
    if word == "file":
        return [Step("file", first, "\n".join(text for _, text in lines), rest)]
    if language == "sh":
        return [Step("command", first, "\n".join(text for _, text in lines))]
    if language != "console":
        if word is not None:
            raise Failure(first, f'"test: {word}" is for blocks of commands, this is {language}')
        return []
    steps = _commands(lines)
    if word == "serve":
        for step in steps:
            step.kind = "serve"
    if word == "exit":
        steps[-1].exit_code = int(rest)
    return steps


def _commands(lines):
    """`$ COMMAND`, lines that go on with it (after a backslash, or behind `> `), and what it prints."""
    steps = []
    goes_on = False
    for number, text in lines:
        if text.startswith("$ "):
            steps.append(Step("command", number, text[2:]))
        elif not steps:
            raise Failure(number, 'the block does not begin with "$ "')
        elif goes_on or text.startswith("> "):
            steps[-1].text += "\n" + text.removeprefix("> ")
        elif text.strip() not in ("", "..."):
            steps[-1].expected.append((number, text))
        goes_on = (text.startswith("$ ") or goes_on) and text.endswith("\\")
    return steps
