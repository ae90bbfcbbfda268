"""Affine maps as MLIR writes them: parentheses only where they are needed, `d0 - 1` and not `(d0 + -1)`."""

from __future__ import annotations

from xdsl.ir.affine import AffineConstantExpr, AffineDimExpr, AffineExpr, AffineMap, AffineSymExpr
from xdsl.ir.affine.affine_expr import AffineBinaryOpExpr, AffineBinaryOpKind


def map_text(map_: AffineMap) -> str:
    """`(d0, d1)[s0] -> (d0 + s0, d1)`."""
    dims = ", ".join(f"d{number}" for number in range(map_.num_dims))
    symbols = ", ".join(f"s{number}" for number in range(map_.num_symbols))
    results = ", ".join(expression_text(result) for result in map_.results)
    return f"({dims}){f'[{symbols}]' if symbols else ''} -> ({results})"


def expression_text(expression: AffineExpr) -> str:
    """An expression as the result of a map."""
    match expression:
        case AffineDimExpr():
            return f"d{expression.position}"
        case AffineSymExpr():
            return f"s{expression.position}"
        case AffineConstantExpr():
            return str(expression.value)
        case AffineBinaryOpExpr() if expression.kind is AffineBinaryOpKind.Add:
            return _sum(expression.lhs, expression.rhs)
        case AffineBinaryOpExpr():
            if expression.kind is AffineBinaryOpKind.Mul and expression.rhs == AffineConstantExpr(-1):
                return f"-{_operand(expression.lhs)}"
            return f"{_operand(expression.lhs)} {expression.kind.get_token()} {_operand(expression.rhs)}"
        case _:
            return str(expression)


def _operand(expression: AffineExpr) -> str:
    """An operand of a product, a quotient or a remainder: anything made of two is put in parentheses."""
    text = expression_text(expression)
    return f"({text})" if isinstance(expression, AffineBinaryOpExpr) else text


def _sum(lhs: AffineExpr, rhs: AffineExpr) -> str:
    left = expression_text(lhs)
    if isinstance(rhs, AffineConstantExpr) and rhs.value < 0:
        return f"{left} - {-rhs.value}"
    if isinstance(rhs, AffineBinaryOpExpr) and rhs.kind is AffineBinaryOpKind.Mul:
        factor = rhs.rhs
        if factor == AffineConstantExpr(-1):
            return f"{left} - {_operand(rhs.lhs)}"
        if isinstance(factor, AffineConstantExpr) and factor.value < -1:
            return f"{left} - {_operand(rhs.lhs)} * {-factor.value}"
    return f"{left} + {expression_text(rhs)}"
