"""The SIMT machine: what accesses of warps cost, who touches what in which order, and how long it all takes."""
