"""Room 4, CUT: landmarks, alignment, masks."""
