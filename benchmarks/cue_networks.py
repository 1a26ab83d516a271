"""The networks that assignment a4 looks into: two endings, three starts each.

    python benchmarks/cue_networks.py

They are trained on the marks of `load_cues`, and stored in half precision, so that everybody looks
into the same networks, and nobody waits for them.
"""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from course_utils.data import cue_network, load_cues  # noqa: E402
from course_utils.data.cues import ENDINGS, NETWORKS, STARTS  # noqa: E402

EPOCHS, BATCH = 4, 30


def trained(ending: str, start: int) -> torch.nn.Module:
    """One network, from its random start, with Adam and a cosine."""
    cues = load_cues(per_class=300)
    images, labels = torch.tensor(cues.train_images), torch.tensor(cues.train_labels)
    net = cue_network(ending, start, trained=False).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, fused=True)
    steps = EPOCHS * len(images) // BATCH
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    generator = torch.Generator().manual_seed(start)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images), generator=generator).split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(net(images[batch]), labels[batch]).backward()
            optimizer.step()
            schedule.step()
    return net.eval()


def main() -> None:
    """Train and store all of them, and say how often they are right on images never seen."""
    torch.set_num_threads(1)
    cues = load_cues(per_class=1, test_per_class=100)
    images, labels = torch.tensor(cues.test_images), torch.tensor(cues.test_labels)
    stored = {}
    for ending in ENDINGS:
        for start in range(STARTS):
            net = trained(ending, start)
            numbers = torch.nn.utils.parameters_to_vector(net.state_dict().values())
            stored[f"{ending} {start}"] = numbers.half().numpy()
            right = (net(images).argmax(1) == labels).float().mean()
            print(f"{ending} {start}: {right:.1%}", flush=True)
    np.savez_compressed(NETWORKS, **stored)


if __name__ == "__main__":
    main()
