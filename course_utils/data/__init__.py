"""Images for every lecture and assignment: most without any download, famous ones on request."""

from course_utils.data.cues import CUES, CuedImages, cue_network, load_cues
from course_utils.data.digits import Digits, load_digits
from course_utils.data.download import (
    DataDamaged,
    DataError,
    DataMissing,
    DataNotWritable,
    DataOffline,
    data_folder,
)
from course_utils.data.faces import load_faces
from course_utils.data.glyphs import load_glyphs
from course_utils.data.imagenet import (
    efficientnet_lite0,
    imagenet_batch,
    imagenet_names,
    imagenet_top,
)
from course_utils.data.patches import PATCH_PHOTOS, load_patches
from course_utils.data.photos import PHOTOS, photo
from course_utils.data.split import Split, few, misfit
from course_utils.data.standard import (
    PRETRAINED,
    RESULTS,
    STANDARD_SETS,
    is_available,
    load_standard,
    pretrained,
    published,
)

__all__ = [
    "CUES",
    "PATCH_PHOTOS",
    "PHOTOS",
    "PRETRAINED",
    "RESULTS",
    "STANDARD_SETS",
    "CuedImages",
    "DataDamaged",
    "DataError",
    "DataMissing",
    "DataNotWritable",
    "DataOffline",
    "Digits",
    "Split",
    "cue_network",
    "data_folder",
    "efficientnet_lite0",
    "few",
    "imagenet_batch",
    "imagenet_names",
    "imagenet_top",
    "is_available",
    "load_cues",
    "load_digits",
    "load_faces",
    "load_glyphs",
    "load_patches",
    "load_standard",
    "misfit",
    "photo",
    "pretrained",
    "published",
]
