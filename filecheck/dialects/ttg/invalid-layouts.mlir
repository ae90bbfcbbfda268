// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

// expected-error @+1 {{dim = 2: parent has 2 dimensions, counted from 0}}
module attributes {ttg.a = #ttg.slice<{dim = 2, parent = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>}>} {}

// -----

// expected-error @+1 {{opIdx = 2: it is 0 or 1}}
module attributes {ttg.a = #ttg.dot_op<{opIdx = 2, parent = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>}>} {}

// -----

// expected-error @+1 {{kWidth is missing: it is given when parent is nvidia_mma}}
module attributes {ttg.a = #ttg.dot_op<{opIdx = 0, parent = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>}>} {}

// -----

// expected-error @+1 {{opIdx = 1: wgmma takes only operand 0 from registers}}
module attributes {ttg.a = #ttg.dot_op<{opIdx = 1, parent = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>, kWidth = 2}>} {}

// -----

// expected-error @+1 {{vec has 3: sizes are powers of two}}
module attributes {ttg.a = #ttg.swizzled_shared<{vec = 3, perPhase = 1, maxPhase = 8, order = [1, 0]}>} {}

// -----

// expected-error @+1 {{maxPhase is missing}}
module attributes {ttg.a = #ttg.swizzled_shared<{vec = 8, perPhase = 1, order = [1, 0]}>} {}

// -----

// expected-error @+1 {{swizzlingByteWidth = 100: it is 0, 32, 64 or 128}}
module attributes {ttg.a = #ttg.nvmma_shared<{swizzlingByteWidth = 100, transposed = false, elementBitWidth = 8}>} {}

// -----

// expected-error @+1 {{unknown key 'CGALayout'}}
module attributes {ttg.a = #ttg.padded_shared<[2:+2, 4:+1] {order = [0, 1], shape = [16, 32], CGALayout = [[0, 1]]}>} {}

// -----

// expected-error @+1 {{an interval has 3: sizes are powers of two}}
module attributes {ttg.a = #ttg.padded_shared<[3:+2] {offset = [[2], [1]], block = []}>} {}

// -----

// expected-error @+1 {{a basis leads along two dimensions, or two bases to the same element: those that are not zero lead to powers of two along one dimension, no two to the same}}
module attributes {ttg.a = #ttg.linear<{register = [[1, 1]], lane = [[1, 0], [0,2], [0,0],[0,0],[0,0]], warp = [[2,0],[0,0]], block = []}>} {}

// -----

// expected-error @+1 {{not every element of 4x8 is in some place: together the bases reach them all}}
module attributes {ttg.a = #ttg.linear<{register = [[0, 4]], lane = [[1, 0], [0,1], [0,0],[0,0],[0,0]], warp = [[2,0],[0,0]], block = []}>} {}

// -----

// expected-error @+1 {{there is no basis: the number of dimensions is not known}}
module attributes {ttg.a = #ttg.linear<{register = [], lane = [], warp = [], block = []}>} {}

// -----

// expected-error @+1 {{sizePerThread has 3: sizes are powers of two}}
module attributes {ttg.a = #ttg.blocked<{sizePerThread = [1, 3], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>} {}

// -----

// expected-error @+1 {{order = [1, 1]: it names each dimension once, the fastest first}}
module attributes {ttg.a = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 1]}>} {}

// -----

// expected-error @+1 {{sizePerThread = [1, 4, 1] and threadsPerWarp = [4, 8]: they have a number for each dimension}}
module attributes {ttg.a = #ttg.blocked<{sizePerThread = [1, 4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>} {}

// -----

// expected-error @+1 {{the bases of CGALayout go along dimension 0 by [3]: the steps are 1, 2, 4 and so on}}
module attributes {ttg.a = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0], CGALayout = [[3, 0]]}>} {}

// -----

// expected-error @+1 {{a basis of CGALayout is [1, 1]: it leads along one dimension, or none}}
module attributes {ttg.a = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0], CGALayout = [[1, 1]]}>} {}

// -----

// expected-error @+1 {{warpsPerCTA is missing}}
module attributes {ttg.a = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], order = [1, 0]}>} {}

// -----

// expected-error @+1 {{unknown key 'foo'}}
module attributes {ttg.a = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0], foo = 1}>} {}

// -----

// expected-error @+1 {{sizePerThread has 0: sizes are powers of two}}
module attributes {ttg.a = #ttg.blocked<{sizePerThread = [0, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>} {}

// -----

// expected-error @+1 {{versionMajor = 1: it is 2 (mma) or 3 (wgmma)}}
module attributes {ttg.a = #ttg.nvidia_mma<{versionMajor = 1, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>} {}

// -----

// expected-error @+1 {{parent has one dimension: a slice of it would have none}}
module attributes {ttg.a = #ttg.slice<{dim = 0, parent = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>}>} {}

// -----

// expected-error @+1 {{parent = #ttg.swizzled_shared<{vec = 8, perPhase = 1, maxPhase = 8, order = [1, 0]}>: it is the layout of a tensor in registers}}
module attributes {ttg.a = #ttg.slice<{dim = 0, parent = #ttg.swizzled_shared<{vec = 8, perPhase = 1, maxPhase = 8, order = [1, 0]}>}>} {}

// -----

// expected-error @+1 {{kWidth = 2: it is not given when parent is blocked}}
module attributes {ttg.a = #ttg.dot_op<{opIdx = 0, parent = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>, kWidth = 2}>} {}

// -----

// expected-error @+1 {{sizePerThread = []: a layout has a dimension at least}}
module attributes {ttg.a = #ttg.blocked<{sizePerThread = [], threadsPerWarp = [], warpsPerCTA = [], order = []}>} {}

// -----

// expected-error @+1 {{a basis of CGALayout is [1]: it has a number for each of 2 dimensions}}
module attributes {ttg.a = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0], CGALayout = [[1]]}>} {}

// -----

// expected-error @+1 {{the bases of CGALayout go along dimension 0 by [1, 1]: the steps are 1, 2, 4 and so on}}
module attributes {ttg.a = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0], CGALayout = [[1, 0], [1, 0]]}>} {}

// -----

// expected-error @+1 {{sizePerThread is given twice}}
module attributes {ttg.a = #ttg.blocked<{sizePerThread = [1, 4], sizePerThread = [1, 4]}>} {}

// -----

// expected-error @+1 {{warpsPerCTA = [4]: a dot has 2 or 3 dimensions}}
module attributes {ttg.a = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [4], instrShape = [16, 8]}>} {}

// -----

// expected-error @+1 {{instrShape = [32, 64, 32]: a warp makes 16 rows of a wgmma}}
module attributes {ttg.a = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [32, 64, 32]}>} {}

// -----

// expected-error @+1 {{instrShape has 24: sizes are powers of two}}
module attributes {ttg.a = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 24, 16]}>} {}

// -----

// expected-error @+1 {{instrShape = [16, 4]: an instruction makes rows and columns in eights, one matrix of a batch}}
module attributes {ttg.a = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 4]}>} {}

// -----

// expected-error @+1 {{parent has one dimension: a dot has 2 or 3}}
module attributes {ttg.a = #ttg.dot_op<{opIdx = 0, parent = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>}>} {}

// -----

// expected-error @+1 {{parent = #ttg.slice<{dim = 0, parent = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>}>: it is the layout of the result, blocked or nvidia_mma}}
module attributes {ttg.a = #ttg.dot_op<{opIdx = 0, parent = #ttg.slice<{dim = 0, parent = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>}>}>} {}

// -----

// expected-error @+1 {{kWidth has 3: sizes are powers of two}}
module attributes {ttg.a = #ttg.dot_op<{opIdx = 0, parent = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>, kWidth = 3}>} {}

// -----

// expected-error @+1 {{bases [0, 1] and [1]: they have a number for each dimension}}
module attributes {ttg.a = #ttg.linear<{register = [[0, 1], [1]], lane = [], warp = [], block = []}>} {}

// -----

// expected-error @+1 {{register has [1, 1]: only a basis of warp leads along two dimensions}}
module attributes {ttg.a = #ttg.generic_linear<{register = [[1, 1], [0, 1]], lane = [], warp = [], block = []}>} {}

// -----

// expected-error @+1 {{order = []: a layout has a dimension at least}}
module attributes {ttg.a = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = []}>} {}

// -----

// expected-error @+1 {{elementBitWidth = 4: it is 8, 16, 32 or 64}}
module attributes {ttg.a = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 4}>} {}

// -----

// expected-error @+1 {{fp4Padded = true: it goes with swizzlingByteWidth = 128 and elementBitWidth = 8}}
module attributes {ttg.a = #ttg.nvmma_shared<{swizzlingByteWidth = 64, transposed = false, elementBitWidth = 8, fp4Padded = true}>} {}

// -----

// expected-error @+1 {{not every element of 8 is in some place: together the bases reach them all}}
module attributes {ttg.a = #ttg.shared_linear<{offset = [[2], [4]]}, alignment = 16>} {}

// -----

// expected-error @+1 {{alignment has 12: sizes are powers of two}}
module attributes {ttg.a = #ttg.shared_linear<{offset = [[1], [2]]}, alignment = 12>} {}

// -----

// expected-error @+1 {{there is no padding: it is a list of [interval:+padding]}}
module attributes {ttg.a = #ttg.padded_shared<[] {offset = [[1], [2]], block = []}>} {}

// -----

// expected-error @+1 {{a padding has 3: sizes are powers of two}}
module attributes {ttg.a = #ttg.padded_shared<[2:+3] {offset = [[1], [2]], block = []}>} {}

// -----

// expected-error @+1 {{intervals [2, 2]: each stands once}}
module attributes {ttg.a = #ttg.padded_shared<[2:+2, 2:+4] {offset = [[1], [2]], block = []}>} {}

// -----

// expected-error @+1 {{a padded layout has either order and shape, or offset and block}}
module attributes {ttg.a = #ttg.padded_shared<[2:+2] {order = [0], offset = [[1], [2]]}>} {}

// -----

// expected-error @+1 {{a padded layout has either order and shape, or offset and block}}
module attributes {ttg.a = #ttg.padded_shared<[2:+2] {order = [0]}>} {}

// -----

// expected-error @+1 {{order = [0, 1] and shape = [4]: both have a number per dimension}}
module attributes {ttg.a = #ttg.padded_shared<[2:+2] {order = [0, 1], shape = [4]}>} {}

// -----

// expected-error @+1 {{shape has 12: sizes are powers of two}}
module attributes {ttg.a = #ttg.padded_shared<[2:+2] {order = [0], shape = [12]}>} {}
