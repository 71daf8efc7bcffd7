"""What a program is made of: colours, comments, functions and words."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

_NAMES = """
    white gainsboro silver darkgray gray dimgray black whitesmoke lightgray lightcoral rosybrown indianred
    red maroon snow mistyrose salmon orangered chocolate brown darkred seashell peachpuff tomato darkorange
    peru firebrick olive linen bisque darksalmon orange goldenrod sienna darkolivegreen oldlace antiquewhite
    coral gold limegreen saddlebrown darkgreen floralwhite navajowhite lightsalmon darkkhaki lime
    darkgoldenrod green cornsilk blanchedalmond sandybrown yellow mediumseagreen olivedrab forestgreen ivory
    papayawhip burlywood yellowgreen springgreen seagreen darkslategray beige moccasin tan chartreuse
    mediumspringgreen lightseagreen teal lightyellow wheat khaki lawngreen aqua darkturquoise darkcyan
    lightgoldenrodyellow lemonchiffon greenyellow darkseagreen cyan deepskyblue midnightblue honeydew
    palegoldenrod lightgreen mediumaquamarine cadetblue steelblue navy mintcream palegreen skyblue turquoise
    dodgerblue blue darkblue azure aquamarine lightskyblue mediumturquoise lightslategray blueviolet
    mediumblue lightcyan paleturquoise lightsteelblue cornflowerblue slategray darkorchid darkslateblue
    aliceblue powderblue thistle mediumslateblue royalblue fuchsia indigo ghostwhite lightblue plum
    mediumpurple slateblue magenta darkviolet lavender pink violet orchid mediumorchid mediumvioletred
    purple lavenderblush lightpink hotpink palevioletred deeppink crimson darkmagenta
"""
COLOR_NAMES = tuple(_NAMES.split())
ANY_COLOR = re.compile(r"\b(" + "|".join(COLOR_NAMES) + r")\b")

_NO_CODE = re.compile(
    r"(?P<comment>###(?!#)[\s\S]*?(?:###|\Z)|#[^\n]*)"
    r"|(?P<string>\"\"\"[\s\S]*?(?:\"\"\"|\Z)|'''[\s\S]*?(?:'''|\Z)"
    r"|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?)"
)
_TOKEN = re.compile(r"[^\W\d]\w*|\d+(?:\.\d+)?|->|=>|\n[ \t]*|[^\w\s]")
_COMMENT_SIGNS = "#/* \t"
_LITERAL = re.compile(r"[-=]>")
_NAMED = re.compile(r"[\w$\])]\s*[=:]\s*(?:\([^()]*\)\s*)?[-=]>")


class CodeParts(NamedTuple):
    """A program without its comments and with every string emptied to ``""``, and its comments in order."""

    code: str
    comments: tuple[str, ...]


@lru_cache(maxsize=64)
def split_code(program: str) -> CodeParts:
    """Take the comments and the contents of strings out of a program, which may be broken.

    A string that is not closed ends with its line; regular expression literals count as code.

    >>> split_code('write "# 1 fan" # show it')
    CodeParts(code='write "" ', comments=('# show it',))
    """
    comments: list[str] = []

    def strip(found: re.Match[str]) -> str:
        if found["comment"] is None:
            return '""'
        comments.append(found["comment"])
        return ""

    code = _NO_CODE.sub(strip, program)
    return CodeParts(code, tuple(comments))


def comment_lines(program: str) -> int:
    r"""Count the lines with a comment that says something, also after code or within a block comment.

    The paper's ``num_comments_last`` counts words that begin with ``#``: a line of dashes made of ``# # #``
    counts three times, ``#red`` in a string counts, a block comment counts as its two signs.

    >>> comment_lines('fd 50 # go # on\npen "#ff0000"\n###\na house\nand a tree\n###')
    3
    """
    lines = "\n".join(split_code(program).comments).splitlines()
    return sum(bool(line.strip(_COMMENT_SIGNS)) for line in lines)


def function_literals(program: str) -> int:
    r"""Count the functions of a program outside comments and strings, also callbacks and event handlers.

    >>> function_literals("square = (size) ->\n  fd size\nclick -> square 5 # -> draws")
    2
    """
    return len(_LITERAL.findall(split_code(program).code))


def named_functions(program: str) -> int:
    r"""Count the functions that a program gives a name, with or without parameters.

    The paper's ``num_functions_last`` misses functions with parameters and finds those in comments.

    >>> named_functions("square = (size) ->\n  fd size\nstar = ->\n  fd 9\nclick -> star()")
    2
    """
    return len(_NAMED.findall(split_code(program).code))


def color_counts(program: str) -> dict[str, int]:
    """Count the colour names in a program, as whole words in any case, in alphabetical order.

    >>> color_counts("pen LightBlue; distance = 5; dot red; dot red")
    {'lightblue': 1, 'red': 2}
    """
    return dict(sorted(Counter(ANY_COLOR.findall(program.lower())).items()))


def code_tokens(program: str) -> list[str]:
    r"""Split a program into words, numbers, signs and the indents that CoffeeScript gives a meaning.

    Blank lines and white space at the end of lines are left out.

    >>> code_tokens("for [1..4]\n  fd 50")
    ['for', '[', '1', '.', '.', '4', ']', '\n  ', 'fd', '50']
    """
    lines = [line.rstrip() for line in program.expandtabs(4).splitlines()]
    return _TOKEN.findall("\n".join(line for line in lines if line))
