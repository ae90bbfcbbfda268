"""Control flow: what agrees between programs is a Python loop or branch; what differs runs in groups of programs.

A loop whose trip count differs between programs runs on the programs sorted by trip count, longest first: those still
running are then a prefix, and a prefix of an array is a view. An `if` whose condition differs runs each side on its
programs. A `while` keeps the programs whose condition still holds and packs them together.
"""

from __future__ import annotations

from minilinalg.interp.scf import branches, for_loops, forall, while_loops

__all__ = ["branches", "for_loops", "forall", "while_loops"]
