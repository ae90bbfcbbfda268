"""The simulated machines: clocks, pipes, bandwidth, counters, beside the meanings of interp/."""
