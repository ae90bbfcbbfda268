// RUN: minilinalg-opt %s | filecheck %s
// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// An attribute is written as it is in the official files; those that are shared are defined in front of the module.

// CHECK: #blocked = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0], CGALayout = {{\[\[}}0, 0], [1, 0]]}>
// CHECK: #blocked1 = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
// CHECK: #linear = #ttg.linear<{register = {{\[\[}}0, 1]], lane = {{\[\[}}1, 0], [0, 2], [0, 0], [0, 0], [0, 0]], warp = {{\[\[}}2, 0], [0, 0]], block = []}>
// CHECK: #linear1 = #ttg.generic_linear<{register = {{\[\[}}0, 1]], lane = {{\[\[}}1, 0], [0, 2], [0, 0], [0, 0], [0, 0]], warp = {{\[\[}}2, 1], [0, 0]], block = []}>
// CHECK: #mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], CGALayout = {{\[\[}}1, 0]], instrShape = [16, 8]}>
// CHECK: #mma1 = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8, 16]}>
// CHECK: #mma2 = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>
// CHECK: #mma3 = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64]}>
// CHECK: #mma4 = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 64, 16]}>
// CHECK: #shared = #ttg.swizzled_shared<{vec = 8, perPhase = 1, maxPhase = 8, order = [1, 0], CGALayout = {{\[\[}}1, 0]]}>
// CHECK: #shared1 = #ttg.swizzled_shared<{vec = 8, perPhase = 1, maxPhase = 8, order = [1, 0]}>
// CHECK: #shared2 = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16, rank = 3}>
// CHECK: #shared3 = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 8, fp4Padded = true}>
// CHECK: #shared4 = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 8, CGALayout = {{\[\[}}1, 0]]}>
// CHECK: #shared5 = #ttg.padded_shared<[2:+2] {order = [1, 0], shape = [16, 32]}>
// CHECK: #shared6 = #ttg.shared_linear<{offset = {{\[\[}}0, 1], [0, 2], [1, 0]]}, alignment = 16>
// CHECK: #smem = #ttg.shared_memory
// CHECK: module attributes
// CHECK-SAME: ttg.a3 = #ttg.slice<{dim = 1, parent = #blocked1}>
// CHECK-SAME: ttg.a4 = #ttg.dot_op<{opIdx = 0, parent = #blocked1}>
// CHECK-SAME: ttg.a5 = #ttg.dot_op<{opIdx = 0, parent = #mma2, kWidth = 2}>
module attributes {
  ttg.a0 = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0], CGALayout = [[0, 0], [1, 0]]}>,
  ttg.a1 = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], CGALayout = [[1, 0]], instrShape = [16, 8]}>,
  ttg.a2 = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8, 16]}>,
  ttg.a3 = #ttg.slice<{dim = 1, parent = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>}>,
  ttg.a4 = #ttg.dot_op<{opIdx = 0, parent = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>}>,
  ttg.a5 = #ttg.dot_op<{opIdx = 0, parent = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>, kWidth = 2}>,
  ttg.a6 = #ttg.swizzled_shared<{vec = 8, perPhase = 1, maxPhase = 8, order = [1, 0], CGALayout = [[1, 0]]}>,
  ttg.a7 = #ttg.swizzled_shared<{order = [1, 0], vec = 8, perPhase = 1, maxPhase = 8}>,
  ttg.a8 = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16, rank = 3}>,
  ttg.a9 = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 8, fp4Padded = true}>,
  ttg.a10 = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 8, CGALayout = [[1, 0]]}>,
  ttg.a11 = #ttg.padded_shared<[2:+2] {order = [1, 0], shape = [16, 32]}>,
  ttg.a12 = #ttg.padded_shared<[2:+2] {offset = [[2], [1]], block = []}>,
  ttg.a13 = #ttg.shared_linear<{offset = [[0, 1], [0, 2], [1, 0]], block = []}, alignment = 16>,
  ttg.a14 = #ttg.shared_linear<{offset = [[0, 1], [0, 2], [1, 0]], block = [[2, 0]]}, alignment = 16>,
  ttg.a15 = #ttg.shared_linear<{offset = [[0, 1], [0, 2], [1, 0]]}, alignment = 16>,
  ttg.a16 = #ttg.linear<{register = [[0, 1]], lane = [[1, 0], [0,2], [0,0],[0,0],[0,0]], warp = [[2,0],[0,0]], block = []}>,
  ttg.a17 = #ttg.generic_linear<{register = [[0, 1]], lane = [[1, 0], [0,2], [0,0],[0,0],[0,0]], warp = [[2,1],[0,0]], block = []}>,
  ttg.a18 = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0], CGALayout = []}>,
  ttg.a19 = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64]}>,
  ttg.a20 = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 64, 16]}>,
  ttg.a21 = #ttg.shared_memory
} {}
