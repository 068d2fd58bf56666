"""The methods by name, for whoever must know what there is without loading any."""

from __future__ import annotations

from collections.abc import Mapping

from visard.errors import UsageError, suggest

METHODS: Mapping[str, str] = {
    "surrogate": "visard.methods.surrogate:Surrogate",
    "inpaint": "visard.methods.inpaint:Inpaint",
    "anonygan": "visard.methods.anonygan:AnonyGan",
    "ciagan": "visard.methods.ciagan:Ciagan",
    "estrange": "visard.methods.estrange:Estrange",
    "sdn": "visard.methods.sdn:Sdn",
    "mfm": "visard.methods.mfm:Mfm",
    "transformer": "visard.methods.transformer:Transformer",
    "diffuse": "visard.methods.diffuse:Diffuse",
    "cancel": "visard.methods.cancel:Cancel",
    "fill": "visard.methods.fill:Fill",
    "darken": "visard.methods.darken:Darken",
    "blur": "visard.methods.blur:Blur",
    "pixelate": "visard.methods.pixelate:Pixelate",
    "haze": "visard.methods.haze:Haze",
    "noise": "visard.methods.noise:Noise",
    "impulse": "visard.methods.impulse:Impulse",
    "svd": "visard.methods.svd:Svd",
    "pca": "visard.methods.pca:Pca",
    "hypersphere": "visard.methods.hypersphere:Hypersphere",
    "autoencoder": "visard.methods.autoencoder:Autoencoder",
    "sapae": "visard.methods.sapae:Sapae",
    "ksame-pixel": "visard.methods.ksame_pixel:KSamePixel",
    "ksame-eigen": "visard.methods.ksame_eigen:KSameEigen",
    "ksame-m": "visard.methods.ksame_m:KSameM",
    "ksame-net": "visard.methods.ksame_net:KSameNet",
    "undetect": "visard.methods.undetect:Undetect",
    "ifgsm": "visard.methods.adversarial.ifgsm:Ifgsm",
    "ifgvm": "visard.methods.adversarial.ifgvm:Ifgvm",
    "pfgvm": "visard.methods.adversarial.pfgvm:Pfgvm",
    "mifgsm": "visard.methods.adversarial.mifgsm:Mifgsm",
    "ka3": "visard.methods.adversarial.ka3:Ka3",
    "cloak": "visard.methods.adversarial.cloak:Cloak",
    "wig": "visard.methods.wig:Wig",
    "silhouette": "visard.methods.silhouette:Silhouette",
    "garment": "visard.methods.garment:Garment",
    "body": "visard.methods.body:Body",
    "respray": "visard.methods.respray:Respray",
    "plate": "visard.methods.plate:Plate",
    "text": "visard.methods.text:Text",
}
"""Name -> module and class, as strings, so that a list of names costs no import."""

POSED = frozenset({"body", "garment"})
"""Methods that want to know where people's joints are, which costs a look at each."""


def refuse_unknown(name: object, what: str = "method") -> None:
    """Raise UsageError, with a suggestion, for what is no method's name; what: it is for."""
    if not isinstance(name, str):
        raise UsageError(f"{what} is {name!r}", hint="give a method's name in quotes")
    if name not in METHODS:
        raise UsageError(f"unknown {what} {name!r}", hint=suggest(name, METHODS))
