"""The judge, behind the wall: what a method hides, what it leaves, and how good the result looks."""
