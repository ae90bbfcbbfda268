"""Write the official compiler's TTIR of the kernels beside this file, without promises, with places of their source.

pip install triton==3.9.0
cd tests/data/operations && python write_ttir.py [NAME ...]

With names, only of the kernels that are called so.
"""

import sys
from pathlib import Path

import triton
from kernels import SPECIALISATIONS

sys.path.append(str(Path(__file__).resolve().parents[1] / "road"))

from dump import ttir


def main() -> None:
    here = Path(__file__).resolve().parent
    for kernel, specialisation in SPECIALISATIONS:
        if sys.argv[1:] and kernel.__name__ not in sys.argv[1:]:
            continue
        text = ttir(kernel, specialisation.types, specialisation.constants, specialisation.debug)
        for directory in (here, Path(triton.__file__).parents[1]):
            text = text.replace(f"{directory}/", "")
        name = "_".join(part for part in (kernel.__name__, specialisation.name) if part)
        (here / f"{name}.ttir").write_text(text)


if __name__ == "__main__":
    main()
