"""What a network that learned from ImageNet sees on Caltech-101 and -256, cut after each layer."""

# By target and classifier: layers, accuracies in % and their ±, with 30 and 60 training images per
# class. M. Zeiler and R. Fergus, Visualizing and understanding convolutional networks, ECCV 2014,
# table 7 (layers of their network with which nothing was measured are missing there, too).
CALTECH = {
    "Caltech-101, SVM": (
        [1, 2, 3, 4, 5, 7],
        [44.8, 66.2, 72.3, 76.6, 86.2, 85.5],
        [0.7, 0.5, 0.4, 0.4, 0.8, 0.4],
    ),
    "Caltech-256, SVM": (
        [1, 2, 3, 4, 5, 7],
        [24.6, 39.6, 46.0, 51.3, 65.6, 71.7],
        [0.4, 0.3, 0.3, 0.1, 0.3, 0.2],
    ),
    "Caltech-101, softmax": ([5, 7], [82.9, 85.4], [0.4, 0.4]),
    "Caltech-256, softmax": ([5, 7], [65.7, 72.6], [0.5, 0.1]),
}
