"""What a program is made of: colours, comments, functions, words, as the paper counts them and as a reader would."""

from __future__ import annotations

import re

COLOR_NAMES = tuple(
    """
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
    """.split()
)
ANY_COLOR = re.compile(r"\b(" + "|".join(COLOR_NAMES) + r")\b")
