"""arith: what its operations mean, one file per kind of operation."""

from minilinalg.interp.arith import casts as casts
from minilinalg.interp.arith import comparisons as comparisons
from minilinalg.interp.arith import constants as constants
from minilinalg.interp.arith import floats as floats
from minilinalg.interp.arith import integers as integers
from minilinalg.interp.arith import selects as selects
