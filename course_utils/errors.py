"""The one exception whose text is meant for the user."""


class CourseError(Exception):
    """An error whose text is meant for the user: what is wrong and what to do, no traceback."""
