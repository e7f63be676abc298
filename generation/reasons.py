"""What a verdict says in words: why an image was rejected, or what was changed about it."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: dict[str, str | Promise] = {
    # fixed
    "animation": _("An animation: its first frame is used."),
    "rotated": _("Turned upright, as its camera noted."),
    "depth": _("Reduced to 8 bits a channel."),
    "colours": _("Colours were converted to RGB."),
    "reduced": _("Reduced to 1,024 pixels on its longer side."),
    # rejected
    "blocked": _("This picture may not be used here. Staff have blocked it and see that it was sent."),
    "duplicate": _("The same picture is already in this set."),
    "empty": _("The file is empty (0 bytes)."),
    "not_an_image": _("This is not an image. Allowed are PNG, JPEG, WebP, BMP, GIF and TIFF."),
    "format": _("This format is not supported. Save it as PNG or JPEG."),
    "damaged": _("The file is damaged or incomplete."),
    "undecodable": _("Decoding took too long or failed. Save it again with another program."),
    "too_large": _("The picture has more than 50 million pixels. Make it smaller."),
    "too_many_bytes": _("The file is larger than 64 MB."),
    "tiny": _("The shorter side is under 16 pixels."),
    "one_colour": _("The whole picture is one colour."),
    "encrypted": _("The file is protected by a password. Make the archive without one."),
    "unsafe_name": _("The file's name leads out of the archive."),
    "link": _("This is a link, not a file."),
    "compression": _("The archive uses a compression that is not supported. Use an ordinary zip."),
    "nested": _("An archive within the archive. Unpack it first."),
}

# The image is used; whether it should be is for its owner to say.
FLAGS: dict[str, str | Promise] = {
    "blocked_since": _("Staff have blocked this picture: nothing can be trained on the set while it holds it."),
    "blurry": _("Blurry: it stays so at every resolution."),
    "dark": _("Very dark: nothing in it is brighter than a dark grey."),
    "bright": _("Very bright: nothing in it is darker than a light grey."),
    "flat": _("Almost no contrast."),
    "small": _("The shorter side is under 28 pixels: it is enlarged for training."),
    "aspect": _("More than twice as long as wide: cropping to a square loses half of it."),
}


def worded(reasons: Iterable[str]) -> list[dict[str, str]]:
    return [{"code": slug, "text": str(REASONS.get(slug) or FLAGS.get(slug, slug))} for slug in reasons]
