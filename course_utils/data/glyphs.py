"""Capital letters, drawn from the fonts inside matplotlib's wheel and bent at random."""

from functools import lru_cache
from string import ascii_uppercase

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from course_utils.data.files import package_folder
from course_utils.data.split import Split, at_least

# No typeface stands on both sides, so that the test asks for letters, not for known outlines.
TRAIN_FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSans-BoldOblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSansMono-Oblique",
    "DejaVuSansMono-BoldOblique",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "DejaVuSerif-BoldItalic",
    "cmr10",
    "cmb10",
    "cmti10",
)
TEST_FONTS = (
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
    "STIXGeneralBolIta",
    "cmss10",
    "cmtt10",
)
STROKES = (0, 1, 2)  # added to each side of a stroke, in pixels of the template's drawing
DRAWN = 176  # side of the drawing that a template is made from: the widest letters fit
SEEN = 144  # side of its middle part, which an undistorted image shows
CAPITAL = 76  # height of a capital letter there: a little over half, so that it can turn
CHUNK = 2048  # images warped at once: keeps the arrays within a few dozen megabytes

ROTATION = 15.0  # degrees, to either side; these are the ends of what is drawn at distortion 1
SHEAR = 0.2  # columns for each row
SCALE = 0.15  # share of the width, and of the height, each on its own
SHIFT = 0.08  # share of the image's side


def load_glyphs(
    size: int = 28,
    *,
    per_class: int = 200,
    test_per_class: int = 50,
    distortion: float = 1.0,
    seed: int = 0,
) -> Split:
    """Draw the letters A to Z, white on black, each bent in its own way.

    Training and test images show different typefaces: DejaVu Sans, Sans Mono and Serif and
    Computer Modern Roman in training, STIX and Computer Modern Sans and Typewriter in the test.

    Parameters
    ----------
    size
        Height and width, 16 to 128.
    per_class, test_per_class
        Images of each letter for training and for testing, at least 1.
    distortion
        How strongly letters are bent: 0 leaves them upright and centred, 1 turns them by up to
        15°, shears them by up to 0.2, scales width and height by up to 15 % and shifts them by up
        to 8 % of the image. The weight of the stroke varies always. At most 2. Letters lie inside
        the image, except that a wide M or W may lose a corner at its edge.
    seed
        Decides the font, the weight and the bending of each image.

    Returns
    -------
    Split
        Images `(N, 1, size, size)`, in random order; 26 classes.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Source
    ------
    The fonts DejaVu (Bitstream Vera's licence), STIX (SIL OFL) and Computer Modern (BaKoMa).

    Examples
    --------
    >>> letters = load_glyphs(per_class=2, test_per_class=1)
    >>> letters.train_images.shape, letters.test_images.shape
    ((52, 1, 28, 28), (26, 1, 28, 28))
    >>> letters.class_names[:3]
    ('A', 'B', 'C')
    """
    at_least("size", size, 16, 128)
    at_least("per_class", per_class, 1)
    at_least("test_per_class", test_per_class, 1)
    at_least("seed", seed, 0)
    if not 0 <= distortion <= 2:
        raise ValueError(f"distortion must lie between 0 and 2, got {distortion}")
    halves = []
    for half, (fonts, count) in enumerate([(TRAIN_FONTS, per_class), (TEST_FONTS, test_per_class)]):
        rng = np.random.default_rng([seed, half])
        halves += _draw(fonts, count, size, distortion, rng)
    return Split(*halves, tuple(ascii_uppercase))


def _draw(
    fonts: tuple[str, ...], count: int, size: int, distortion: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """`count` images of each letter `(N, 1, size, size)` and their labels `(N,)`, shuffled."""
    labels = rng.permutation(np.repeat(np.arange(26), count))
    side = round(1.8 * size)  # so a template is a little finer than the image, and warping sharp
    templates = np.stack([_templates(font, side) for font in fonts])  # (fonts, strokes, 26, T, T)
    templates = templates.reshape(-1, side, side)
    font, stroke = rng.integers(len(fonts), size=len(labels)), rng.integers(3, size=len(labels))
    which = (font * len(STROKES) + stroke) * 26 + labels
    matrices, shifts = _bends(len(labels), size, side, distortion, rng)
    images = np.empty((len(labels), 1, size, size), np.float32)
    for start in range(0, len(labels), CHUNK):
        part = slice(start, start + CHUNK)
        images[part, 0] = _warp(templates, which[part], matrices[part], shifts[part], size)
    return images, labels.astype(np.int64)


@lru_cache(maxsize=64)
def _templates(font: str, side: int) -> np.ndarray:
    """Every letter of a font in every weight, `(strokes, 26, side, side)`, uint8."""
    path = package_folder("matplotlib") / f"mpl-data/fonts/ttf/{font}.ttf"
    # The basic layout is Pillow's own; the other depends on a library that may not be there.
    face = ImageFont.truetype(path, 100, layout_engine=ImageFont.Layout.BASIC)
    left, top, right, bottom = face.getbbox("H", anchor="ls")
    face = face.font_variant(size=round(100 * CAPITAL / (bottom - top)))
    made = np.empty((len(STROKES), 26, side, side), np.uint8)
    for s, stroke in enumerate(STROKES):
        for i, letter in enumerate(ascii_uppercase):
            left, top, right, bottom = face.getbbox(letter, anchor="ls")
            drawing = Image.new("L", (DRAWN, DRAWN))
            corner = (DRAWN - left - right) / 2, (DRAWN - top - bottom) / 2  # centres the letter
            ImageDraw.Draw(drawing).text(
                corner, letter, fill=255, font=face, anchor="ls", stroke_width=stroke * 2
            )
            made[s, i] = drawing.resize((side, side), Image.Resampling.BOX)
    return made


def _bends(
    n: int, size: int, side: int, distortion: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """What takes a pixel of the image to the template: `(n, 2, 2)` and shifts `(n, 2)`, y first."""
    turn, shear, tall, wide, down, across = distortion * rng.uniform(-1, 1, (6, n))
    angle = np.deg2rad(ROTATION) * turn
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.moveaxis(np.array([[cos, sin], [-sin, cos]]), 2, 0)  # (n, 2, 2)
    finer = side / size * SEEN / DRAWN  # pixels of the template for each of the image
    stretch = np.zeros((n, 2, 2))
    stretch[:, 0, 0] = finer / (1 + SCALE * tall)
    stretch[:, 1, 1] = finer / (1 + SCALE * wide)
    stretch[:, 1, 0] = finer * SHEAR * shear
    shifts = SHIFT * size * np.stack([down, across], axis=1)
    return (stretch @ rotation).astype(np.float32), shifts.astype(np.float32)


def _warp(
    templates: np.ndarray, which: np.ndarray, matrices: np.ndarray, shifts: np.ndarray, size: int
) -> np.ndarray:
    """Sample the chosen templates linearly at the bent places, `(n, size, size)` in 0 to 1."""
    side = templates.shape[-1]
    axis = np.arange(size, dtype=np.float32) - (size - 1) / 2
    pixels = np.stack(np.meshgrid(axis, axis, indexing="ij")).reshape(2, -1)  # (2, size²)
    places = matrices @ (pixels - shifts[:, :, None]) + np.float32((side - 1) / 2)  # (n, 2, size²)
    places = places.clip(0, side - 1.001)  # repeats the border, which is black
    corner = places.astype(np.int64)
    (y, x), (dy, dx) = np.moveaxis(corner, 1, 0), np.moveaxis(places - corner, 1, 0)
    flat, at = templates.reshape(-1), (which[:, None] * side + y) * side + x  # (n, size²)
    upper = flat[at] * (1 - dx) + flat[at + 1] * dx
    lower = flat[at + side] * (1 - dx) + flat[at + side + 1] * dx
    warped = (upper * (1 - dy) + lower * dy) / 255
    return warped.reshape(-1, size, size).clip(0, 1)
