"""The one exception whose text is meant for the user."""


class CourseError(Exception):
    """What is wrong and what to do, in a sentence; the command line shows it without traceback."""
