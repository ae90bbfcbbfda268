"""The other side of engine.py: the official interpreter, in a process of its own that runs a case when it is told to.

Started by engine.py with TRITON_INTERPRET=1. Reads the number of a case from standard input, runs it once, and writes
the milliseconds and a digest of the outputs' rounded sums.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "kernels"))

import kernels
import numpy as np
import torch
from cases import all_cases

torch.set_num_threads(1)
prepared = []
for case in all_cases():
    arguments = {
        name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        for name, value in case.arguments.items()
    }
    prepared.append((getattr(kernels, case.kernel), case, arguments))

for line in sys.stdin:
    kernel, case, arguments = prepared[int(line)]
    begin = time.perf_counter()
    kernel[case.grid](**arguments, **case.constants)
    milliseconds = (time.perf_counter() - begin) * 1e3
    sums = [float(arguments[name].double().sum()) for name in case.outputs]
    print(json.dumps({"milliseconds": milliseconds, "sums": sums}), flush=True)
