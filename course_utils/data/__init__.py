"""Images that every lecture and assignment can rely on, without any download."""

from course_utils.data.digits import Digits, load_digits
from course_utils.data.photos import PHOTOS, photo

__all__ = ["PHOTOS", "Digits", "load_digits", "photo"]
