"""The book's table of digit morphing is what the experiment measures."""

import re
from pathlib import Path

import numpy as np
import pytest

from minixai.experiments import digit_morphing
from minixai.experiments.morphing import METHODS, NETWORKS, PAIRS, PUBLISHED, format_median, pair_label
from minixai.experiments.result import format_lead

PAGE = (Path(__file__).parents[2] / "lessons/pages/trust/experiments.md").read_text(encoding="utf-8")


def table(result):
    """Ours (published), a line for each method and network."""
    lines = [
        f"| pixels | method | {' | '.join(map(pair_label, PAIRS))} |",
        "|---|---|" + "---|" * len(PAIRS),
    ]
    for network, pixels in NETWORKS.items():
        ours = [result.medians(network, pair) for pair in PAIRS]
        paper = [np.array(PUBLISHED[network][pair]) for pair in PAIRS]
        for i, method in enumerate(METHODS):
            cells = [
                format_median(a[i]) + f" ({format_median(b[i])})" * bool(b[i] > 0)
                for a, b in zip(ours, paper, strict=True)
            ]
            name = method.replace("|", "\\|")  # which would end the cell
            lines.append(f"| {pixels.removeprefix('pixels from ')} | {name} | {' | '.join(cells)} |")
        ahead = [
            f"{format_lead(a[-1], a[:-1].max())} ({format_lead(b[-1], np.nanmax(b[:-1]))})"
            for a, b in zip(ours, paper, strict=True)
        ]
        lines.append(f"| | **RevealCancel ahead by** | {' | '.join(f'**{cell}**' for cell in ahead)} |")
    return "\n".join(lines)


def numbers(text):
    return [float(x) for x in re.findall(r"[-+]?\d+\.?\d*", text)]


@pytest.mark.slow
def test_table_is_current():
    """Word for word but for rounding, which another machine does in its own way: a median may move by 1 %."""
    current = table(digit_morphing()).splitlines()
    start = PAGE.index(current[0])
    written = PAGE[start : f"{PAGE}\n\n".index("\n\n", start)].splitlines()
    assert len(written) == len(current)
    for a, b in zip(written, current, strict=True):
        assert re.sub(r"[\d.]+", "#", a) == re.sub(r"[\d.]+", "#", b), f"put into trust/experiments.md:\n{b}"
        np.testing.assert_allclose(
            numbers(a),
            numbers(b),
            rtol=0.01,
            atol=1.5,
            err_msg=f"put into trust/experiments.md:\n{b}",
        )
