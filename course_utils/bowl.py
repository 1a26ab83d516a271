"""Optimisers on a bowl that is steep one way and flat the other, and their paths down."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils import plotting

START = (-8.0, 2.0)  # along the valley, and up its wall
OPTIMISERS = {
    "SGD": lambda p, lr, momentum: torch.optim.SGD(p, lr=lr, momentum=momentum),
    "AdaGrad": lambda p, lr, momentum: torch.optim.Adagrad(p, lr=lr),
    "RMSprop": lambda p, lr, momentum: torch.optim.RMSprop(p, lr=lr),
    "Adam": lambda p, lr, momentum: torch.optim.Adam(p, lr=lr, betas=(momentum, 0.999)),
}


@dataclass(frozen=True)
class Run:
    """One way down: a name of `OPTIMISERS`, its rate, and its momentum (β₁ of Adam)."""

    optimiser: str
    lr: float
    momentum: float = 0.0

    @property
    def title(self) -> str:
        """What stands above its picture."""
        symbol = {"SGD": "momentum", "Adam": "β₁"}.get(self.optimiser)
        extra = f", {symbol} {self.momentum:.2g}" if symbol and self.momentum else ""
        return f"{self.optimiser}, rate {self.lr:.2g}{extra}"


def hessian(conditioning: float, angle: float = 0.0) -> np.ndarray:
    """Curvature of the bowl ½ wᵀAw: 1 along the valley, `conditioning` across it.

    Parameters
    ----------
    conditioning
        At least 1; 1 is a round bowl.
    angle
        Degrees by which the valley is turned away from the w₁ axis.

    Returns
    -------
    array (2, 2)

    Raises
    ------
    ValueError
        If `conditioning` is below 1.

    Examples
    --------
    >>> hessian(20).tolist()
    [[1.0, 0.0], [0.0, 20.0]]
    """
    if conditioning < 1:
        raise ValueError(f"conditioning must be at least 1, got {conditioning}")
    turn = _turn(angle)
    return turn @ np.diag([1.0, float(conditioning)]) @ turn.T


def descend(
    run: Run, *, conditioning: float = 20.0, angle: float = 0.0, steps: int = 40
) -> tuple[np.ndarray, np.ndarray]:
    """Walk down the bowl with an optimiser of `torch.optim`.

    Parameters
    ----------
    run
        Which optimiser, and how fast.
    conditioning, angle
        The bowl, as in `hessian`; the start turns with it.
    steps
        How many.

    Returns
    -------
    path, losses
        `(steps + 1, 2)` and `(steps + 1,)`, the start included.

    Raises
    ------
    ValueError
        If the optimiser has no such name.
    """
    if run.optimiser not in OPTIMISERS:
        raise ValueError(f"optimiser must be one of {', '.join(OPTIMISERS)}, got {run.optimiser!r}")
    curvature = torch.tensor(hessian(conditioning, angle))
    w = torch.tensor(_turn(angle) @ START, requires_grad=True)
    optimiser = OPTIMISERS[run.optimiser]([w], run.lr, run.momentum)
    path = [w.detach().clone()]
    for _ in range(steps):
        optimiser.zero_grad()
        (w @ curvature @ w / 2).backward()
        optimiser.step()
        path.append(w.detach().clone())
    walked = torch.stack(path)
    losses = ((walked @ curvature) * walked).sum(dim=1) / 2
    return walked.numpy(), losses.numpy()


def momenta(rates: Sequence[float], *, steps: int = 60) -> tuple[np.ndarray, dict, dict]:
    """Walk down the bowl with momentum from 0 to 0.95; print which does best at each rate.

    Returns
    -------
    momentum
        `(20,)`.
    travelled, losses
        For each rate, by `"rate 0.04"`, how far the path runs up and down along w₂ in all, and the
        loss at its end, `(20,)` each.
    """
    momentum, travelled, losses = np.linspace(0, 0.95, 20), {}, {}
    for lr in rates:
        walks = [descend(Run("SGD", lr, m), steps=steps) for m in momentum]
        name = f"rate {lr}"
        travelled[name] = np.array([np.abs(np.diff(w[:, 1])).sum() for w, _ in walks])
        losses[name] = np.array([max(loss[-1], 1e-17) for _, loss in walks])
        least, lowest = momentum[travelled[name].argmin()], momentum[losses[name].argmin()]
        print(f"{name}: least up and down at {least:.2f}, lowest loss at {lowest:.2f}")
    return momentum, travelled, losses


def turned(runs: Sequence[Run], angle: float = 45.0) -> dict[str, tuple[float, float, np.ndarray]]:
    """Print each run's loss after 40 steps on the bowl and on the turned one, there retuned too.

    Returns
    -------
    dict
        By the optimiser's name (`"momentum"` for SGD with it), the losses on the bowl and on the
        turned one, and there at 25 rates, from a thirtieth of the run's own to thirty times as
        large.
    """
    print(f"loss after 40 steps      0°        {angle:g}°    {angle:g}°, best rate of 25")
    found = {}
    for run in runs:
        name = "momentum" if run.momentum and run.optimiser == "SGD" else run.optimiser
        retuned = [replace(run, lr=run.lr * factor) for factor in np.geomspace(1 / 30, 30, 25)]
        tried = np.array([descend(each, angle=angle)[1][-1] for each in retuned])
        straight, slanted = (descend(run, angle=each)[1][-1] for each in (0, angle))
        found[name] = straight, slanted, np.nan_to_num(tried, nan=np.inf)
        print(f"{name:16}{straight:12.1e}{slanted:11.1e}{np.nanmin(tried):14.1e}")
    return found


def bowl_paths(
    runs: Sequence[Run], *, conditioning: float = 20.0, angle: float = 0.0, steps: int = 40
) -> Figure:
    """Draw the path of each run on the bowl, and in the last panel all their losses.

    Raises
    ------
    ValueError
        If there is no run, or more than six.
    """
    if not 1 <= len(runs) <= len(plotting.CYCLE):
        raise ValueError(f"can draw 1 to {len(plotting.CYCLE)} runs, got {len(runs)}")
    rows = -(-(len(runs) + 1) // 2)
    height = 1.8 if abs(angle) < 1 else 2.6
    fig, axes = plotting.figure(rows, 2, width=6.4, height=rows * height)
    *panels, below = axes.flat[: len(runs) + 1]
    for ax in axes.flat[len(runs) + 1 :]:
        ax.axis("off")
    for i, (ax, run) in enumerate(zip(panels, runs, strict=True)):
        path, losses = descend(run, conditioning=conditioning, angle=angle, steps=steps)
        look = {"color": plotting.CYCLE[i], "marker": plotting.MARKERS[i]}
        _bowl(ax, conditioning, angle)
        ax.plot(*path.T, lw=1.5, ms=4, **look)
        ax.plot(*path[0], "o", ms=11, mfc="none", mec=plotting.INK)
        ax.set_title(run.title, fontsize=12)
        shown = np.clip(losses, 1e-9, 1e9)
        below.semilogy(shown, ms=5, markevery=max(1, steps // 5), label=run.optimiser, **look)
    below.set_title("loss at each step", fontsize=12)
    below.set(xlabel="step", ylim=(1e-7, 1e4))
    return fig


def _bowl(ax: Axes, conditioning: float, angle: float) -> None:
    curvature = hessian(conditioning, angle)
    window = ((-10.0, 4.0), (-3.0, 3.0)) if abs(angle) < 1 else ((-9.5, 4.5), (-7.5, 4.0))
    grid = np.stack(np.meshgrid(*(np.linspace(*ends, 121) for ends in window)), axis=-1)
    heights = ((grid @ curvature) * grid).sum(axis=-1) / 2  # (121, 121)
    levels = np.array([2, 12, 36, 90]) * max(1.0, conditioning / 20)
    ax.contour(grid[..., 0], grid[..., 1], heights, levels, colors=plotting.GREY, linewidths=0.9)
    ax.plot(0, 0, "*", ms=13, color=plotting.INK, zorder=3)
    ax.set(xlim=window[0], ylim=window[1], aspect="equal", xlabel="w₁", ylabel="w₂")
    ax.locator_params(nbins=5)


def _turn(angle: float) -> np.ndarray:
    radians = np.deg2rad(angle)
    return np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
