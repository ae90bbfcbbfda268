"""The dialects: `tt` as Triton writes it, the hardware's, and `upstream`, which completes xDSL's.

`minilinalg.context.DIALECTS` is the table of all that a text may use.
"""
