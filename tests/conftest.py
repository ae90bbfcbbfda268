"""What holds for all tests."""

from hypothesis import settings

# A machine that others use too may take any time for an example.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")
