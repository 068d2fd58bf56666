"""Room 2, FIND: what in a picture may have to be hidden."""

from visard.detect.cuts import CutFinder
from visard.detect.find import BlazeFace, CenterFace, find_faces, load, rest, second_opinion

__all__ = ["BlazeFace", "CenterFace", "CutFinder", "find_faces", "load", "rest", "second_opinion"]
