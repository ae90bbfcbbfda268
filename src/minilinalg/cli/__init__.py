"""The two commands: `minilinalg-opt` runs passes, `minilinalg` runs kernels and shows what there is."""
