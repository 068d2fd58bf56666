"""Room 2, FIND: what in a picture may have to be hidden."""

from visard.detect.belongings import with_belongings
from visard.detect.cuts import CutFinder
from visard.detect.figure import figure, outline_of
from visard.detect.find import BlazeFace, CenterFace, find_faces, second_opinion
from visard.detect.head import face_of, part_of_face
from visard.detect.kinds import NETWORKS, find_kinds, load, rest
from visard.detect.motion import Motion
from visard.detect.objects import NanoDet, find_carried
from visard.detect.pose import MoveNet, find_joints
from visard.detect.remnant import is_remnant

__all__ = [
    "NETWORKS",
    "BlazeFace",
    "CenterFace",
    "CutFinder",
    "Motion",
    "MoveNet",
    "NanoDet",
    "face_of",
    "figure",
    "find_carried",
    "find_faces",
    "find_joints",
    "find_kinds",
    "is_remnant",
    "load",
    "outline_of",
    "part_of_face",
    "rest",
    "second_opinion",
    "with_belongings",
]
