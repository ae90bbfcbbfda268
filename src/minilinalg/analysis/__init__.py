"""Facts about IR that passes ask for. An analysis changes nothing."""
