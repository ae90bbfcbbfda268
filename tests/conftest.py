"""What holds for all tests."""

import gc

from hypothesis import settings

# A machine that others use too may take any time for an example.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

# A module is full of cycles and dies as a whole: looking for garbage at every 700 objects takes a tenth of the time.
gc.set_threshold(20_000, 10, 10)
