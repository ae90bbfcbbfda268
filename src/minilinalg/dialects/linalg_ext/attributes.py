"""What this project says of linalg's own operations, in attributes that any pass may drop."""

from __future__ import annotations

ASSOCIATIVE = "ml.associative"
"""Of a linalg.reduce (unit): its body combines two values of one kind, and the order of all does not matter.

Without it a body is a fold: the value so far may be of another kind than the elements, as in a sum of squares.
"""
