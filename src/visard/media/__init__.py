"""Rooms 1 and 8, IN and OUT: pictures and videos as frames, and frames as files again."""
