"""Layouts: how the elements of a tensor lie in registers and in shared memory."""
