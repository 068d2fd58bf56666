"""The burglar, behind the wall: attacks on hidden pictures. Nothing that hides imports it."""
