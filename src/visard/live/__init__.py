"""The corridor in one pass, for what happens now: a window of the last moments takes the place of the whole source."""
