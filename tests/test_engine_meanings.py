"""Operations of tt across lanes and beyond arithmetic, in the engine: scans, gathers, maps, descriptors, prints."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine_kernels import STORAGE, agree, kernel

from minilinalg.errors import RunError, UnsupportedError
from minilinalg.interp import run
from minilinalg.interp.arith.constants import constant_value
from minilinalg.interp.dot import dot_arrays
from minilinalg.interp.dtypes import F16, F32
from minilinalg.parsing import parse_attribute

R, C = 4, 8
LOAD = """
    %pid = tt.get_program_id x : i32
    %rows = arith.constant 4 : i32
    %first = arith.muli %pid, %rows : i32
    %i0 = tt.make_range {end = 4 : i32, start = 0 : i32} : tensor<4xi32>
    %j0 = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
    %sf = tt.splat %first : i32 -> tensor<4xi32>
    %i1 = arith.addi %i0, %sf : tensor<4xi32>
    %eight = arith.constant dense<8> : tensor<4xi32>
    %i2 = arith.muli %i1, %eight : tensor<4xi32>
    %i3 = tt.expand_dims %i2 {axis = 1 : i32} : tensor<4xi32> -> tensor<4x1xi32>
    %i4 = tt.broadcast %i3 : tensor<4x1xi32> -> tensor<4x8xi32>
    %j1 = tt.expand_dims %j0 {axis = 0 : i32} : tensor<8xi32> -> tensor<1x8xi32>
    %j2 = tt.broadcast %j1 : tensor<1x8xi32> -> tensor<4x8xi32>
    %here = arith.addi %i4, %j2 : tensor<4x8xi32>"""


def tile(name: str, type_: str, *, load: bool = True) -> str:
    """`%name_p` as pointers to the program's tile of the argument, `%name_v` as what is there."""
    pointers = f"tensor<4x8x!tt.ptr<{type_}>>"
    text = f"""
    %{name}_s = tt.splat %{name} : !tt.ptr<{type_}> -> {pointers}
    %{name}_p = tt.addptr %{name}_s, %here : {pointers}, tensor<4x8xi32>"""
    return text + (f"\n    %{name}_v = tt.load %{name}_p : {pointers}" if load else "")


def store(name: str, value: str, type_: str) -> str:
    return f"\n    tt.store %{name}_p, {value} : tensor<4x8x!tt.ptr<{type_}>>"


def tiles(type_: str, programs: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(-3, 4, (programs * R, C)).astype(STORAGE[type_])


# Scans and reductions


@pytest.mark.parametrize("reverse", ["true", "false"])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("type_", ["i8", "i32", "i64", "f16", "bf16", "f32", "f64", "i1"])
@pytest.mark.parametrize("combiner", ["add", "mul", "max", "xor"])
def test_scans(combiner: str, type_: str, axis: int, reverse: str) -> None:
    floats = type_[0] in "fb"
    name = {"add": "addf", "mul": "mulf", "max": "maximumf"}.get(combiner) if floats else f"{combiner}i"
    if combiner == "max" and not floats:
        name = "maxsi"
    if name is None:
        pytest.skip("no such combiner of floats")
    full = f"tensor<4x8x{type_}>"
    body = f"""{LOAD}{tile("x", type_)}{tile("o", type_, load=False)}
    %y = "tt.scan"(%x_v) <{{axis = {axis} : i32, reverse = {reverse}}}> ({{
    ^bb0(%a: {type_}, %b: {type_}):
      %c = arith.{name} %a, %b : {type_}
      tt.scan.return %c : {type_}
    }}) : ({full}) -> {full}{store("o", "%y", type_)}"""
    x = tiles(type_, 3)
    if combiner == "mul":
        # Powers of two, so that no order of the products rounds.
        x = np.where(x % 2 == 0, 2, -1).astype(x.dtype) if type_ != "i1" else x
    agree(kernel(f"%x: !tt.ptr<{type_}>, %o: !tt.ptr<{type_}>", body), (3,), [x, np.zeros_like(x)])


@pytest.mark.parametrize("reverse", ["true", "false"])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("what", ["linear", "argmax", "control flow", "captured", "call"])
@pytest.mark.parametrize("op", ["scan", "reduce"])
def test_combiners(op: str, what: str, axis: int, reverse: str) -> None:
    """Two operands; the last three have branches, a number of each program, and a call inside."""
    if op == "reduce" and (reverse == "true" or what == "linear"):
        pytest.skip("a reduction has no direction, and may take elements in any order")
    larger = "%g = arith.cmpi sgt, %a, %c : i32\n%e = arith.cmpi eq, %a, %c : i32\n%t = arith.cmpi slt, %b, %d : i32\n"
    larger += "%f = arith.andi %e, %t : i1\n%w = arith.ori %g, %f : i1"
    region = {
        "linear": "%p = arith.muli %a, %c : i32\n%q0 = arith.muli %b, %c : i32\n%q = arith.addi %q0, %d : i32",
        "argmax": f"{larger}\n%p = arith.select %w, %a, %c : i32\n%q = arith.select %w, %b, %d : i32",
        "control flow": f"""{larger}
        %p, %q = scf.if %w -> (i32, i32) {{
          scf.yield %a, %b : i32, i32
        }} else {{
          scf.yield %c, %d : i32, i32
        }}""",
        "captured": "%p0 = arith.maxsi %a, %c : i32\n%p = arith.maxsi %p0, %pid : i32\n%q = arith.addi %b, %d : i32",
        "call": "%p = tt.call @larger(%a, %c) : (i32, i32) -> i32\n%q = arith.xori %b, %d : i32",
    }[what]
    callee = """
    tt.func private @larger(%a: i32, %b: i32) -> i32 {
      %c = arith.cmpi sgt, %a, %b : i32
      cf.cond_br %c, ^bb1, ^bb2
    ^bb1:
      tt.return %a : i32
    ^bb2:
      tt.return %b : i32
    }"""
    full = "tensor<4x8xi32>"
    kept = "tensor<8xi32>" if axis == 0 else "tensor<4xi32>"
    after = ""
    if op == "reduce":
        wide = "1x8" if axis == 0 else "4x1"
        after = "".join(
            f"""
    %e{k} = tt.expand_dims %y#{k} {{axis = {axis} : i32}} : {kept} -> tensor<{wide}xi32>
    %z{k} = tt.broadcast %e{k} : tensor<{wide}xi32> -> {full}"""
            for k in (0, 1)
        )
    direction = f", reverse = {reverse}" if op == "scan" else ""
    result = full if op == "scan" else kept
    names = ("%y#0", "%y#1") if op == "scan" else ("%z0", "%z1")
    body = f"""{LOAD}{tile("x", "i32")}{tile("z", "i32")}{tile("o", "i32", load=False)}{tile("u", "i32", load=False)}
    %y:2 = "tt.{op}"(%x_v, %z_v) <{{axis = {axis} : i32{direction}}}> ({{
    ^bb0(%a: i32, %b: i32, %c: i32, %d: i32):
      {region}
      tt.{op}.return %p, %q : i32, i32
    }}) : ({full}, {full}) -> ({result}, {result}){after}{store("o", names[0], "i32")}{store("u", names[1], "i32")}"""
    parameters = ", ".join(f"%{name}: !tt.ptr<i32>" for name in "xzou")
    x, z = tiles("i32", 3), np.arange(3 * R * C, dtype=np.int32).reshape(3 * R, C)
    agree(kernel(parameters, body, callee), (3,), [x, z, np.zeros_like(x), np.zeros_like(x)])


# Indexing


@pytest.mark.parametrize("axis", [0, 1])
def test_gathers(axis: int) -> None:
    body = f"""{LOAD}{tile("x", "f32")}{tile("i", "i64")}{tile("o", "f32", load=False)}
    %g = tt.gather %x_v[%i_v] {{axis = {axis} : i32}}
      : (tensor<4x8xf32>, tensor<4x8xi64>) -> tensor<4x8xf32>{store("o", "%g", "f32")}"""
    module = kernel("%x: !tt.ptr<f32>, %i: !tt.ptr<i64>, %o: !tt.ptr<f32>", body)
    x, i = tiles("f32", 3), np.random.default_rng(1).integers(0, (R, C)[axis], (3 * R, C))
    agree(module, (3,), [x, i, np.zeros_like(x)])
    i[5, 5] = (R, C)[axis]
    with pytest.raises(RunError) as caught:
        run(module, 3, [x, i, np.zeros_like(x)])
    size = (R, C)[axis]
    assert caught.value.diagnostic.found == f"'tt.gather' takes element {size} of dimension {axis}, which has {size}"


@pytest.mark.parametrize("masked", [True, False])
def test_histograms(masked: bool) -> None:
    mask = ", %m" if masked else ""
    body = f"""
    %pid = tt.get_program_id x : i32
    %size = arith.constant 16 : i32
    %first = arith.muli %pid, %size : i32
    %sf = tt.splat %first : i32 -> tensor<16xi32>
    %r = tt.make_range {{end = 16 : i32, start = 0 : i32}} : tensor<16xi32>
    %here = arith.addi %sf, %r : tensor<16xi32>
    %sx = tt.splat %x : !tt.ptr<i32> -> tensor<16x!tt.ptr<i32>>
    %px = tt.addptr %sx, %here : tensor<16x!tt.ptr<i32>>, tensor<16xi32>
    %zero = arith.constant dense<0> : tensor<16xi32>
    %v = tt.load %px : tensor<16x!tt.ptr<i32>>
    %m = arith.cmpi sge, %v, %zero : tensor<16xi32>
    %h = tt.histogram %v{mask} : tensor<16xi32> -> tensor<16xi32>
    %so = tt.splat %o : !tt.ptr<i32> -> tensor<16x!tt.ptr<i32>>
    %po = tt.addptr %so, %here : tensor<16x!tt.ptr<i32>>, tensor<16xi32>
    tt.store %po, %h : tensor<16x!tt.ptr<i32>>"""
    module = kernel("%x: !tt.ptr<i32>, %o: !tt.ptr<i32>", body)
    x = np.random.default_rng(1).integers(-5 if masked else 0, 16, 48).astype(np.int32)
    agree(module, (3,), [x, np.zeros(48, np.int32)])
    x[20] = 16
    with pytest.raises(RunError) as caught:
        run(module, 3, [x, np.zeros(48, np.int32)])
    assert caught.value.diagnostic.found == "'tt.histogram' counts 16 and has 16 bins"
    assert caught.value.diagnostic.rule == "elements are from 0 to 15"


# Maps


@pytest.mark.parametrize("pack", [1, 2, 4])
def test_maps(pack: int) -> None:
    """Each group of elements: the first operand's reversed, and a sum; a loop, a branch and a load inside."""
    xs, ys = ([f"%{n}{k}" for k in range(pack)] for n in "xy")
    block = ", ".join([*(f"{x}_: f32" for x in xs), *(f"{y}_: i32" for y in ys)])
    sums = "\n".join(
        f"""%s{k} = scf.for %k{k} = %c0 to %y{k}_ step %c1 iter_args(%q{k} = %pid) -> (i32) : i32 {{
        %t{k} = arith.addi %q{k}, %k{k} : i32
        scf.yield %t{k} : i32
      }}
      %odd{k} = arith.cmpi sgt, %s{k}, %c1 : i32
      %u{k} = scf.if %odd{k} -> (i32) {{
        %tp{k} = tt.addptr %t, %y{k}_ : !tt.ptr<i32>, i32
        %tv{k} = tt.load %tp{k} : !tt.ptr<i32>
        scf.yield %tv{k} : i32
      }} else {{
        scf.yield %s{k} : i32
      }}"""
        for k in range(pack)
    )
    handed = [*(f"{x}_" for x in reversed(xs)), *(f"%u{k}" for k in range(pack))]
    body = f"""{LOAD}
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    {tile("x", "f32")}{tile("y", "i32")}{tile("o", "f32", load=False)}{tile("u", "i32", load=False)}
    %r:2 = "tt.map_elementwise"(%x_v, %y_v) <{{pack = {pack} : i32}}> ({{
    ^bb0({block}):
      {sums}
      tt.map_elementwise.return {", ".join(handed)} : {", ".join(["f32"] * pack + ["i32"] * pack)}
    }}) : (tensor<4x8xf32>, tensor<4x8xi32>) -> (tensor<4x8xf32>, tensor<4x8xi32>)
    {store("o", "%r#0", "f32")}{store("u", "%r#1", "i32")}"""
    types = {"x": "f32", "y": "i32", "o": "f32", "u": "i32", "t": "i32"}
    module = kernel(", ".join(f"%{n}: !tt.ptr<{t}>" for n, t in types.items()), body)
    x, y = tiles("f32", 3), np.abs(tiles("i32", 3, 1))
    agree(module, (3,), [x, y, np.zeros_like(x), np.zeros_like(y), np.arange(10, 20, dtype=np.int32)])


def test_a_map_in_blocks() -> None:
    body = f"""{LOAD}{tile("x", "i32")}{tile("o", "i32", load=False)}
    %r = "tt.map_elementwise"(%x_v) <{{pack = 1 : i32}}> ({{
    ^bb0(%a: i32):
      %c = arith.cmpi sgt, %a, %pid : i32
      cf.cond_br %c, ^bb1, ^bb2(%a : i32)
    ^bb1:
      %b = arith.muli %a, %a : i32
      cf.br ^bb2(%b : i32)
    ^bb2(%d: i32):
      %e = arith.addi %d, %a : i32
      tt.map_elementwise.return %e : i32
    }}) : (tensor<4x8xi32>) -> tensor<4x8xi32>{store("o", "%r", "i32")}"""
    x = tiles("i32", 3)
    agree(kernel("%x: !tt.ptr<i32>, %o: !tt.ptr<i32>", body), (3,), [x, np.zeros_like(x)])


# Descriptors

DESCRIPTORS = """
    %pid = tt.get_program_id x : i32
    %one = arith.constant 1 : i64
    %wide = arith.extsi %n : i32 to i64
    %three = arith.constant 3 : i32
    %two = arith.constant 2 : i32
    %a = arith.muli %pid, %three : i32
    %i = arith.subi %a, %two : i32
    %j0 = arith.muli %pid, %two : i32
    %j = arith.subi %j0, %three : i32"""
DESCRIBED = "!tt.tensordesc<4x8xf32>"


@pytest.mark.parametrize("padding", ["zero", "nan"])
@pytest.mark.parametrize(("m", "n"), [(10, 12), (1, 1), (4, 8), (3, 20)])
def test_blocks_of_descriptors(m: int, n: int, padding: str) -> None:
    """Blocks that begin before the tensor, end behind it, or miss it; the second is carried by a loop."""
    number = {"zero": 1, "nan": 2}[padding]
    body = f"""{DESCRIPTORS}
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %d = tt.make_tensor_descriptor %x, [%m, %n], [%wide, %one] {{padding = {number} : i32}} : <f32>, <4x8xf32>
    %e = tt.make_tensor_descriptor %o, [%m, %n], [%wide, %one] : <f32>, <4x8xf32>
    %moved = arith.subi %m, %pid : i32
    %g0 = tt.make_tensor_descriptor %x, [%moved, %n], [%wide, %one] : <f32>, <4x8xf32>
    %g = scf.for %k = %c0 to %pid step %c1 iter_args(%q = %d) -> ({DESCRIBED}) : i32 {{
      scf.yield %g0 : {DESCRIBED}
    }}
    %v = tt.descriptor_load %d[%i, %j] : {DESCRIBED} -> tensor<4x8xf32>
    %w = tt.descriptor_load %g[%i, %j] : {DESCRIBED} -> tensor<4x8xf32>
    %s = arith.addf %v, %w : tensor<4x8xf32>
    tt.descriptor_store %e[%i, %j], %s : {DESCRIBED}, tensor<4x8xf32>
    %z = tt.descriptor_load %e[%i, %c0] : {DESCRIBED} -> tensor<4x8xf32>
    %t = tt.descriptor_load %e[%i, %c0] : {DESCRIBED} -> tensor<32xf32>
    tt.descriptor_store %e[%i, %c0], %t : {DESCRIBED}, tensor<32xf32>"""
    module = kernel("%x: !tt.ptr<f32>, %o: !tt.ptr<f32>, %m: i32, %n: i32", body)
    x = np.random.default_rng(1).integers(-9, 9, (m, n)).astype(np.float32)
    # Blocks of neighbours overlap: one program after another says who is last.
    from engine_kernels import ONE_BY_ONE

    agree(module, (5,), [x, np.zeros_like(x), m, n], options=[ONE_BY_ONE])


@pytest.mark.parametrize("kind", ["add", "min", "max", "and", "or", "xor"])
def test_reductions_through_descriptors(kind: str) -> None:
    type_ = "!tt.tensordesc<4x8xi32>"
    body = f"""{DESCRIPTORS}
    %d = tt.make_tensor_descriptor %x, [%m, %n], [%wide, %one] : <i32>, <4x8xi32>
    %r = tt.make_range {{end = 32 : i32, start = 0 : i32}} : tensor<32xi32>
    %sp = tt.splat %pid : i32 -> tensor<32xi32>
    %v0 = arith.addi %r, %sp : tensor<32xi32>
    %v = tt.reshape %v0 : tensor<32xi32> -> tensor<4x8xi32>
    tt.descriptor_reduce {kind}, %d[%i, %j], %v : {type_}, tensor<4x8xi32>"""
    module = kernel("%x: !tt.ptr<i32>, %m: i32, %n: i32", body)
    agree(module, (5,), [np.random.default_rng(1).integers(-9, 9, (10, 12)).astype(np.int32), 10, 12])


# Foreign functions

UNARY = {
    **dict.fromkeys(["__nv_sinf", "__nv_cosf", "__nv_expf", "__nv_exp2f", "__nv_tanhf", "__nv_fast_sinf"]),
    "__nv_rsqrtf": lambda x: 1 / np.sqrt(x),
    "__nv_exp10f": lambda x: 10.0**x,
    "__nv_fabsf": np.abs,
    "__nv_rintf": np.rint,
    "__nv_truncf": np.trunc,
    "__nv_sinpif": lambda x: np.sin(np.pi * x),
    "__nv_cospif": lambda x: np.cos(np.pi * x),
    "__nv_rcbrtf": lambda x: 1 / np.cbrt(x),
    "__nv_logbf": lambda x: np.floor(np.log2(np.abs(x))),
    "__nv_saturatef": lambda x: np.clip(x, 0, 1),
    "__nv_frcp_rn": lambda x: 1 / x,
}


def extern(symbol: str, operands: str, types: str, result: str) -> str:
    attributes = f'{{libname = "", libpath = "", pure = true, symbol = "{symbol}"}}'
    return f"tt.extern_elementwise {operands} {attributes} : ({types}) -> {result}"


@pytest.mark.parametrize("symbol", UNARY)
def test_functions_of_a_library(symbol: str) -> None:
    body = f"""{LOAD}{tile("x", "f32")}{tile("o", "f32", load=False)}
    %y = {extern(symbol, "%x_v", "tensor<4x8xf32>", "tensor<4x8xf32>")}{store("o", "%y", "f32")}"""
    module = kernel("%x: !tt.ptr<f32>, %o: !tt.ptr<f32>", body)
    x = np.random.default_rng(0).uniform(0.1, 3, (3 * R, C)).astype(np.float32)
    reference = UNARY[symbol]
    if reference is None:
        name = symbol.removeprefix("__nv_").removeprefix("fast_").removesuffix("f")
        reference = getattr(np, name)
    out = np.zeros_like(x)
    run(module, 3, [x, out])
    np.testing.assert_allclose(out, reference(x.astype(np.float64)), rtol=1e-6, atol=1e-6)


def test_functions_of_several_operands_and_scalars() -> None:
    full = "tensor<4x8xf32>"
    body = f"""{LOAD}{tile("x", "f32")}{tile("o", "f32", load=False)}
    %f = arith.sitofp %pid : i32 to f32
    %h = {extern("__nv_hypotf", "%x_v, %f", f"{full}, f32", full)}
    %i = arith.fptosi %x_v : {full} to tensor<4x8xi32>
    %l = {extern("__nv_ldexpf", "%h, %i", f"{full}, tensor<4x8xi32>", full)}
    %s = {extern("__nv_powf", "%f, %f", "f32, f32", "f32")}
    %n = {extern("__nv_isnanf", "%l", full, "tensor<4x8xi32>")}
    %nf = arith.sitofp %n : tensor<4x8xi32> to {full}
    %ss = tt.splat %s : f32 -> {full}
    %y0 = arith.addf %l, %ss : {full}
    %y = arith.addf %y0, %nf : {full}{store("o", "%y", "f32")}"""
    module = kernel("%x: !tt.ptr<f32>, %o: !tt.ptr<f32>", body)
    x, out = tiles("f32", 3), np.zeros((3 * R, C), np.float32)
    run(module, 3, [x, out])
    pid = np.repeat(np.arange(3.0), R)[:, None]
    expected = np.hypot(x, pid) * 2.0 ** np.trunc(x) + pid**pid
    np.testing.assert_allclose(out, expected, rtol=1e-6)


def unsupported(body: str) -> str:
    with pytest.raises(UnsupportedError) as caught:
        run(kernel("%x: !tt.ptr<f32>", LOAD + tile("x", "f32") + body), 1, [tiles("f32", 1)])
    return str(caught.value)


def test_a_function_that_is_not_known() -> None:
    text = unsupported("\n%y = " + extern("__nv_hypott", "%x_v", "tensor<4x8xf32>", "tensor<4x8xf32>"))
    assert text == (
        "k.ttir:20:6: error: 'tt.extern_elementwise' of '__nv_hypott' cannot be run yet\n"
        "  rule: an external function is one of libdevice that has a mathematical meaning\n"
        "  hint: did you mean '__nv_hypot'?"
    )


def test_assembly() -> None:
    asm = (
        'tt.elementwise_inline_asm "mov.b32 $0, %laneid;" {constraints = "=r,r", packed_element = 1 : i32, pure = true}'
    )
    text = unsupported(f"\n%y = {asm} %x_v : tensor<4x8xf32> -> tensor<4x8xf32>")
    assert text == (
        "k.ttir:20:6: error: 'mov.b32 $0, %laneid' in inline assembly\n"
        "  rule: inline assembly runs here as far as it computes with registers, by instructions of interp/ptx/"
    )


# Products


@pytest.mark.parametrize("m, n, k", [(1, 1, 32), (1, 32, 32), (32, 1, 32), (5, 7, 3), (16, 32, 32), (32, 32, 32)])
def test_a_product_adds_up_the_same_wherever_its_elements_lie(m: int, n: int, k: int) -> None:
    """In memory by columns, with gaps or backwards, and of one program or of three: bit for bit."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((3, m, k), np.float32), rng.standard_normal((3, k, n), np.float32)

    def places(x: Any) -> list[Any]:
        columns = np.ascontiguousarray(x.swapaxes(1, 2)).swapaxes(1, 2)
        gaps = np.repeat(np.repeat(x, 2, 1), 3, 2)[:, ::2, ::3]
        backwards = np.ascontiguousarray(x[:, ::-1, ::-1])[:, ::-1, ::-1]
        last = np.ascontiguousarray(x.transpose(1, 2, 0)).transpose(2, 0, 1)
        return [x, columns, gaps, backwards, last]

    expected = dot_arrays(a, b, F16, F32, k)
    for x in places(a):
        for y in places(b):
            assert (dot_arrays(x, y, F16, F32, k) == expected).all()
            assert (dot_arrays(x[1:2], y[1:2], F16, F32, k) == expected[1:2]).all()
    # By itself transposed, which BLAS knows a way of its own for.
    square = dot_arrays(a, a.swapaxes(1, 2).copy(), F16, F32, k)
    assert (dot_arrays(a, a.swapaxes(1, 2), F16, F32, k) == square).all()


@pytest.mark.parametrize("added", [False, True])
def test_undefined_rows_of_a_product_stay_in_their_rows(added: bool) -> None:
    """A tail of rows that is masked on the way in and out, and no `other`: the usual kernel. added: a loop of p turns
    in program p adds to the product, which is used again behind it."""
    square = "tensor<4x4xf32>"
    loop = f"""
    %begin = arith.constant 0 : i32
    %step = arith.constant 1 : i32
    %turns = tt.get_program_id x : i32
    %sum = scf.for %k = %begin to %turns step %step iter_args(%a = %d) -> ({square}) : i32 {{
      %more = tt.dot %v, %t, %a : tensor<4x8xf32> * tensor<8x4xf32> -> {square}
      scf.yield %more : {square}
    }}
    %both = arith.subf %sum, %d : {square}"""
    body = f"""{LOAD}{tile("x", "f32", load=False)}
    %lim = tt.splat %n : i32 -> tensor<4xi32>
    %low0 = arith.cmpi slt, %i1, %lim : tensor<4xi32>
    %low1 = tt.expand_dims %low0 {{axis = 1 : i32}} : tensor<4xi1> -> tensor<4x1xi1>
    %low = tt.broadcast %low1 : tensor<4x1xi1> -> tensor<4x8xi1>
    %v = tt.load %x_p, %low : tensor<4x8x!tt.ptr<f32>>
    %t = tt.trans %v {{order = array<i32: 1, 0>}} : tensor<4x8xf32> -> tensor<8x4xf32>
    %z = arith.constant dense<0.0> : {square}
    %d = tt.dot %v, %t, %z : tensor<4x8xf32> * tensor<8x4xf32> -> {square}
    %low2 = tt.expand_dims %low0 {{axis = 0 : i32}} : tensor<4xi1> -> tensor<1x4xi1>
    %ma = tt.broadcast %low1 : tensor<4x1xi1> -> tensor<4x4xi1>
    %mb = tt.broadcast %low2 : tensor<1x4xi1> -> tensor<4x4xi1>
    %m = arith.andi %ma, %mb : tensor<4x4xi1>{loop if added else ""}
    %four = arith.constant dense<4> : tensor<4xi32>
    %o1 = arith.muli %i1, %four : tensor<4xi32>
    %o2 = tt.expand_dims %o1 {{axis = 1 : i32}} : tensor<4xi32> -> tensor<4x1xi32>
    %o3 = tt.broadcast %o2 : tensor<4x1xi32> -> tensor<4x4xi32>
    %p2 = tt.expand_dims %i0 {{axis = 0 : i32}} : tensor<4xi32> -> tensor<1x4xi32>
    %p3 = tt.broadcast %p2 : tensor<1x4xi32> -> tensor<4x4xi32>
    %at = arith.addi %o3, %p3 : tensor<4x4xi32>
    %so = tt.splat %o : !tt.ptr<f32> -> tensor<4x4x!tt.ptr<f32>>
    %po = tt.addptr %so, %at : tensor<4x4x!tt.ptr<f32>>, tensor<4x4xi32>
    tt.store %po, {"%both" if added else "%d"}, MASK : tensor<4x4x!tt.ptr<f32>>"""
    parameters = "%x: !tt.ptr<f32>, %o: !tt.ptr<f32>, %n: i32"
    arguments = [tiles("f32", 3), np.zeros((12, 4), np.float32), 9]
    agree(kernel(parameters, body.replace("MASK", "%m")), (3,), arguments)
    with pytest.raises(RunError, match=r"'tt.store' stores an undefined element"):
        run(kernel(parameters, body.replace("MASK", "%ma")), 3, arguments)


# Telling the programmer


def test_print(capsys: pytest.CaptureFixture[str]) -> None:
    body = """
    %pid = tt.get_program_id x : i32
    %r = tt.make_range {end = 2 : i32, start = 0 : i32} : tensor<2xi32>
    %c = arith.constant dense<[[1.5, -2.0, 0x7FC00000]]> : tensor<1x3xf32>
    %minus = arith.constant -1 : i32
    %sp = tt.splat %x : !tt.ptr<f32> -> tensor<2x!tt.ptr<f32>>
    %m = arith.cmpi slt, %r, %r : tensor<2xi32>
    %u = tt.load %sp, %m : tensor<2x!tt.ptr<f32>>
    tt.print " pid: " {hex = false, isSigned = array<i32: 1>} : %pid : i32
    tt.print " both: " {hex = false, isSigned = array<i32: 1, 0>} : %minus, %minus : i32, i32
    tt.print " r: " {hex = true, isSigned = array<i32: 1>} : %r : tensor<2xi32>
    tt.print " c: " {hex = false, isSigned = array<i32: 0>} : %c : tensor<1x3xf32>
    tt.print " u: " {hex = false, isSigned = array<i32: 0>} : %u : tensor<2xf32>
    tt.print " done" {hex = false, isSigned = array<i32>}"""
    run(kernel("%x: !tt.ptr<f32>", body.replace("<1x3xf32>", "<1x4xf32>").replace("0x7FC00000]", "0x7FC00000, 3.0]")
               .replace("0x7FC00000", "1.0e10")), (2, 1), [np.zeros(2, np.float32)])  # fmt: skip
    assert capsys.readouterr().out.splitlines() == [
        "pid (0, 0, 0) idx () pid: 0",
        "pid (1, 0, 0) idx () pid: 1",
        "pid (0, 0, 0) idx () both: (operand 0) -1",
        "pid (0, 0, 0) idx () both: (operand 1) 4294967295",
        "pid (1, 0, 0) idx () both: (operand 0) -1",
        "pid (1, 0, 0) idx () both: (operand 1) 4294967295",
        *(f"pid ({p}, 0, 0) idx ({i}) r: 0x0000000{i}" for p in (0, 1) for i in (0, 1)),
        *(
            f"pid ({p}, 0, 0) idx (0, {i}) c: {x}"
            for p in (0, 1)
            for i, x in enumerate(["1.500000", "-2.000000", "10000000000.000000", "3.000000"])
        ),
        *(f"pid ({p}, 0, 0) idx ({i}) u: undefined" for p in (0, 1) for i in (0, 1)),
        "pid (0, 0, 0) done",
        "pid (1, 0, 0) done",
    ]


@pytest.mark.parametrize(("limit", "says"), [(20, None), (10, "in program (1, 0, 0) at [2]: too large")])
def test_assert(limit: int, says: str | None) -> None:
    """A lane that is undefined may say anything."""
    body = f"""
    %pid = tt.get_program_id x : i32
    %size = arith.constant 8 : i32
    %first = arith.muli %pid, %size : i32
    %sf = tt.splat %first : i32 -> tensor<8xi32>
    %r = tt.make_range {{end = 8 : i32, start = 0 : i32}} : tensor<8xi32>
    %here = arith.addi %sf, %r : tensor<8xi32>
    %end = arith.constant dense<12> : tensor<8xi32>
    %m = arith.cmpi slt, %here, %end : tensor<8xi32>
    %s = tt.splat %x : !tt.ptr<i32> -> tensor<8x!tt.ptr<i32>>
    %p = tt.addptr %s, %here : tensor<8x!tt.ptr<i32>>, tensor<8xi32>
    %v = tt.load %p, %m : tensor<8x!tt.ptr<i32>>
    %lim = arith.constant dense<{limit}> : tensor<8xi32>
    %ok = arith.cmpi slt, %v, %lim : tensor<8xi32>
    tt.assert %ok, "too large" : tensor<8xi1>
    %c = arith.cmpi slt, %pid, %size : i32
    tt.assert %c, "never" : i1"""
    module = kernel("%x: !tt.ptr<i32>", body)
    if says is None:
        run(module, 3, [np.arange(12, dtype=np.int32)])
        return
    with pytest.raises(RunError) as caught:
        run(module, 3, [np.arange(12, dtype=np.int32)])
    assert str(caught.value) == (
        f"k.ttir:16:5: error: device assertion failed {says}\n  rule: the program asserts this"
    )


@pytest.mark.parametrize("numbers", ["0.0, -0.0", "-0.0, 0.0", "-0.0, -0.0", "0x7FC00000, 0x7FC00000", "1.0, 2.0"])
def test_a_constant_is_what_its_bits_are(numbers: str) -> None:
    """Zeros of both signs are equal, and not one element twice; NaN is not equal to itself, and may be."""
    attribute = parse_attribute(f"dense<[{numbers}]> : tensor<2xf32>")
    found = np.broadcast_to(constant_value(attribute, attribute.type), (1, 2))
    assert found.tobytes() == attribute.data.data


def test_poison_that_nobody_uses() -> None:
    body = f"""{LOAD}{tile("x", "f32")}
    %p = ub.poison : tensor<4x8xf32>
    %s = ub.poison : i32
    %c8 = arith.constant dense<2> : tensor<4x8xi32>
    %m = arith.cmpi slt, %j2, %c8 : tensor<4x8xi32>
    %y = arith.select %m, %x_v, %p : tensor<4x8xi1>, tensor<4x8xf32>
    tt.store %x_p, %y, %m : tensor<4x8x!tt.ptr<f32>>"""
    agree(kernel("%x: !tt.ptr<f32>", body), (2,), [tiles("f32", 2)])
    with pytest.raises(RunError, match=r"'tt.store' stores an undefined element"):
        run(kernel("%x: !tt.ptr<f32>", body.replace("%y, %m", "%y")), 2, [tiles("f32", 2)])
