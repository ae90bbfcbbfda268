"""Tokens of MLIR text, one regular expression match each.

xDSL's lexer walks characters and makes two frozen dataclasses a token, which is a fifth of the time that a file takes
to read. This one gives the same tokens. What it does not match (strings, metadata, the end, mistakes) it leaves to
xDSL's.
"""

from __future__ import annotations

import re

from xdsl.utils.lexer import Input, Span, Token
from xdsl.utils.mlir_lexer import KIND_BY_PUNCTUATION_SPELLING, MLIRLexer, MLIRTokenKind

_TOKEN = re.compile(
    r"""(?: \s+ | //[^\n]* )*+
    (?: (?P<bare> [A-Za-z_] [\w$.]* )
      | (?P<percent> % (?: [0-9]+ | [A-Za-z$._-] [\w$.-]* ) )
      | (?P<punctuation> [:,()\[\]<>=}?*+/|] | -> | - | \{ (?!-\#) | \.\.\. )
      | (?P<float> [0-9]+ \. [0-9]* (?: [eE] [+-]? [0-9]+ )? )
      | (?P<integer> 0x [0-9a-fA-F]+ | [0-9]+ )
      | (?P<hash> \# (?!-\}) (?: [0-9]+ | [A-Za-z$._-] [\w$.-]* ) )
      | (?P<exclamation> ! (?: [0-9]+ | [A-Za-z$._-] [\w$.-]* ) )
      | (?P<at> @ [A-Za-z_] [\w$.]* )
      | (?P<caret> \^ (?: [0-9]+ | [A-Za-z$._-] [\w$.-]* ) )
    )""",
    re.VERBOSE | re.ASCII,
)
_KINDS = {
    _TOKEN.groupindex[group]: kind
    for group, kind in {
        "bare": MLIRTokenKind.BARE_IDENT,
        "percent": MLIRTokenKind.PERCENT_IDENT,
        "float": MLIRTokenKind.FLOAT_LIT,
        "integer": MLIRTokenKind.INTEGER_LIT,
        "hash": MLIRTokenKind.HASH_IDENT,
        "exclamation": MLIRTokenKind.EXCLAMATION_IDENT,
        "at": MLIRTokenKind.AT_IDENT,
        "caret": MLIRTokenKind.CARET_IDENT,
    }.items()
}
_PUNCTUATION = _TOKEN.groupindex["punctuation"]
_match = _TOKEN.match


class MatchedToken(Token[MLIRTokenKind, str]):
    """A token that makes its span only when somebody asks for it."""

    __slots__ = ("_input", "_text", "kind", "start")

    def __init__(self, kind: MLIRTokenKind, start: int, text: str, input: Input[str]):
        self.kind = kind
        self.start = start
        self._text = text
        self._input = input

    @property
    def span(self) -> Span[str]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return Span(self.start, self.start + len(self._text), self._input)

    @property
    def text(self) -> str:
        return self._text


class FastLexer(MLIRLexer):
    """xDSL's lexer with the common tokens matched at once."""

    # xDSL's pattern takes exponential time to see that a string has no end. This one is the same, but possessive.
    _unescaped_characters_regex = re.compile(r'"(?:[^"\\\n\v\f]++|\\(?:["nt\\]|[0-9A-Fa-f]{2}))*+"')

    def lex(self) -> Token[MLIRTokenKind, str]:
        matched = _match(self.input.content, self.pos)
        if matched is None:
            return super().lex()
        group = matched.lastindex
        assert group is not None
        text = matched[group]
        self.pos = end = matched.end()
        kind = KIND_BY_PUNCTUATION_SPELLING[text] if group == _PUNCTUATION else _KINDS[group]
        return MatchedToken(kind, end - len(text), text, self.input)
