"""Colour: CMYK through its profile to sRGB, and the profile that a result keeps."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

from visard.media.profile import colours_of


def to_srgb(image: Image.Image) -> Image.Image:
    """Return a CMYK picture in sRGB, by its embedded profile if it has a usable one, else by plain arithmetic."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if turned is not None:
                return turned
        except (ImageCms.PyCMSError, OSError):  # a broken profile: the note says that colours are plain
            pass
    return image.convert("RGB")


def has_usable_profile(image: Image.Image) -> bool:
    """Return whether an embedded profile describes the CMYK samples of a picture."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        return str(own.profile.xcolor_space).strip() == "CMYK"
    except (KeyError, ImageCms.PyCMSError, OSError):
        return False


def kept_profile(image: Image.Image) -> bytes | None:
    """Return the ICC profile that a result keeps, its colours alone: none where the colours were converted."""
    profile = image.info.get("icc_profile")
    return colours_of(profile) if isinstance(profile, bytes) and image.mode not in ("CMYK", "LAB", "YCbCr") else None
