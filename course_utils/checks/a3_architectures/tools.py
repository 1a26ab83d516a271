"""What a3 leaves out: with these, a network or a loop would not be built but fetched."""

BUILD_IT_YOURSELF = (
    "torchvision",
    "course_utils.models",
    "course_utils.tracing",
    "course_utils.training",
)
