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

_STRINGS = r'"(?:\\.|[^"\\\n])*"?|' + r"'(?:\\.|[^'\\\n])*'?"
_NO_CODE = {
    "coffeescript": re.compile(
        r"(?P<comment>###(?!#)[\s\S]*?(?:###|\Z)|#[^\n]*)"
        r'|(?P<string>"""[\s\S]*?(?:"""|\Z)|' + r"'''[\s\S]*?(?:'''|\Z)|" + _STRINGS + ")"
    ),
    "javascript": re.compile(
        r"(?P<comment>/\*[\s\S]*?(?:\*/|\Z)|//[^\n]*)|(?P<string>`(?:\\.|[^`\\])*`?|" + _STRINGS + ")"
    ),
}
_TOKEN = re.compile(r"[^\W\d]\w*|\d+(?:\.\d+)?|->|=>|\n[ \t]*|[^\w\s]")
_COMMENT_SIGNS = "#/* \t"
_LITERAL = {
    "coffeescript": re.compile(r"[-=]>"),
    "javascript": re.compile(r"=>|\bfunction\b"),
}
_NAMED = {
    "coffeescript": re.compile(r"[\w$\])]\s*[=:]\s*(?:\([^()]*\)\s*)?[-=]>"),
    "javascript": re.compile(
        r"\bfunction\s*\*?\s*[\w$]+\s*\(|[\w$\])]\s*[=:]\s*(?:function\b|(?:\([^()]*\)|[\w$]+)\s*=>)"
    ),
}


class CodeParts(NamedTuple):
    """A program taken apart.

    Parameters
    ----------
    code : str
        The program with every comment removed and every string emptied to ``""``.
    comments : tuple of str
        The comments with their signs, in order.
    """

    code: str
    comments: tuple[str, ...]


@lru_cache(maxsize=64)
def split_code(program: str, language: str = "coffeescript") -> CodeParts:
    """Take the comments and the contents of strings out of a program.

    Parameters
    ----------
    program : str
        The program; it may be broken. A string that is not closed ends with its line.
    language : str
        ``"coffeescript"`` or ``"javascript"``.

    Returns
    -------
    CodeParts
        Regular expression literals count as code.

    Examples
    --------
    >>> split_code('write "# 1 fan" # show it')
    CodeParts(code='write "" ', comments=('# show it',))
    """
    comments: list[str] = []

    def strip(found: re.Match[str]) -> str:
        if found["comment"] is None:
            return '""'
        comments.append(found["comment"])
        return ""

    code = _NO_CODE[language].sub(strip, program)
    return CodeParts(code, tuple(comments))


def comment_lines(program: str, language: str = "coffeescript") -> int:
    r"""Count the lines that a student wrote a comment on.

    Parameters
    ----------
    program : str
        The program.
    language : str
        ``"coffeescript"`` or ``"javascript"``.

    Returns
    -------
    int
        Lines with a comment that says something, also where it follows code or spans several lines.

    Notes
    -----
    The paper's ``num_comments_last`` counts words that begin with ``#``: a line of dashes made of ``# # #``
    counts three times, ``#red`` in a string counts, a block comment counts as its two signs.

    Examples
    --------
    >>> comment_lines('fd 50 # go # on\npen "#ff0000"\n###\na house\nand a tree\n###')
    3
    """
    lines = "\n".join(split_code(program, language).comments).splitlines()
    return sum(bool(line.strip(_COMMENT_SIGNS)) for line in lines)


def function_literals(program: str, language: str = "coffeescript") -> int:
    r"""Count the functions that a program holds, named ones, callbacks and event handlers alike.

    Parameters
    ----------
    program : str
        The program.
    language : str
        ``"coffeescript"`` or ``"javascript"``.

    Returns
    -------
    int
        Functions outside comments and strings.

    Notes
    -----
    The paper's ``num_functions_last`` finds ``name = ->`` only, not functions with parameters.

    Examples
    --------
    >>> function_literals("square = (size) ->\n  fd size\nclick -> square 5 # -> draws")
    2
    """
    return len(_LITERAL[language].findall(split_code(program, language).code))


def named_functions(program: str, language: str = "coffeescript") -> int:
    r"""Count the functions that a program gives a name, with or without parameters.

    Parameters
    ----------
    program : str
        The program.
    language : str
        ``"coffeescript"`` or ``"javascript"``.

    Returns
    -------
    int
        Functions assigned to a name, outside comments and strings.

    Notes
    -----
    The paper's ``num_functions_last`` misses functions with parameters and finds those in comments.

    Examples
    --------
    >>> named_functions("square = (size) ->\n  fd size\nstar = ->\n  fd 9\nclick -> star()")
    2
    """
    return len(_NAMED[language].findall(split_code(program, language).code))


def color_counts(program: str) -> dict[str, int]:
    """Count the colour names in a program, as whole words.

    Parameters
    ----------
    program : str
        The program; capital letters count like small ones, as they do for Pencil Code.

    Returns
    -------
    dict of str to int
        The names that occur, in alphabetical order.

    Notes
    -----
    The paper counts substrings (`substring_color_counts`): ``lightblue`` counts as blue too, ``distance``
    as tan.

    Examples
    --------
    >>> color_counts("pen LightBlue; distance = 5; dot red; dot red")
    {'lightblue': 1, 'red': 2}
    """
    return dict(sorted(Counter(ANY_COLOR.findall(program.lower())).items()))


def substring_color_counts(program: str) -> dict[str, int]:
    """Count the colour names in a program as the paper's release does, also inside other words.

    Parameters
    ----------
    program : str
        The program.

    Returns
    -------
    dict of str to int
        The count of each of `COLOR_NAMES`.

    Examples
    --------
    >>> [name for name, count in substring_color_counts("pen lightblue").items() if count]
    ['blue', 'lightblue']
    """
    lowered = program.lower()
    return {name: lowered.count(name) for name in COLOR_NAMES}


def code_tokens(program: str) -> list[str]:
    r"""Split a program into words, numbers, signs and the indents that CoffeeScript gives a meaning.

    Parameters
    ----------
    program : str
        CoffeeScript or JavaScript.

    Returns
    -------
    list of str
        The tokens, in order; blank lines and white space at the end of lines are left out.

    Examples
    --------
    >>> code_tokens("for [1..4]\n  fd 50")
    ['for', '[', '1', '.', '.', '4', ']', '\n  ', 'fd', '50']
    """
    lines = [line.rstrip() for line in program.expandtabs(4).splitlines()]
    return _TOKEN.findall("\n".join(line for line in lines if line))
