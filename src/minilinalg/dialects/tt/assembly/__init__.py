r"""Assembly formats: the string of a .td file, read once, gives parser and printer of an operation.

    SYNTAX: ClassVar = Syntax("$ptr (`,` $mask^)? attr-dict `:` type($ptr)")

The formats are written as upstream writes them, so that they can be compared letter by letter.
`directives.py` lists what a format is made of.

Types that a format leaves out follow from the operation's `TypesMatch` traits, or from an operand that has only one
type. xDSL's own `assembly_format` can derive neither, knows no keyword for an integer attribute, and costs two to
three times as much for every operation that is read.
"""

from minilinalg.dialects.tt.assembly.format import FormattedOperation, Syntax

__all__ = ["FormattedOperation", "Syntax"]
