"""Memory, communication, time and money of training on many GPUs, by arithmetic: `python -m bench.scale`.

A model of a dozen lines, for sharded training (`strategy=fsdp`) of all weights with AdamW. What it is held against is
in `PUBLISHED`, with sources; docs/scale.md shows the tables and says how far off it is. Nothing here was measured on a
cluster by this project.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

GIB = 2.0**30


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoder: weights that are no embeddings take part in 6 FLOP a token, 8 where activations are recomputed."""

    name: str
    weights: float
    layers: int
    width: int
    vocabulary: int

    @property
    def layer(self) -> float:
        """Weights of one layer."""
        return (self.weights - 2 * self.vocabulary * self.width) / self.layers

    def flops(self, row: int, *, recomputed: bool) -> float:
        """FLOP a token of training, attention over rows of so many tokens included."""
        passes = 4 if recomputed else 3
        matrices = 2 * (self.weights - self.vocabulary * self.width)
        return passes * (matrices + 2 * self.layers * self.width * row)


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU in machines of eight: bytes of memory, FLOP/s in bf16, bytes/s within and between machines, as sold."""

    name: str
    memory: float
    flops: float
    within: float
    between: float


H100 = Device("H100", 80e9, 989e12, 450e9, 50e9)
A100 = Device("A100", 80e9, 312e12, 300e9, 25e9)
EACH = 8
"""GPUs of a machine."""

KEPT_UP = 0.43
"""Share of the FLOP/s as sold that a well-made trainer keeps up: the middle of `PUBLISHED`; nothing of ours."""

OF_LINKS = 0.7
"""Share of a link as sold that collectives keep up; assumed."""

LLAMA_7B = Shape("7B", 6.74e9, 32, 4096, 32_000)
LLAMA_65B = Shape("65B", 65.2e9, 80, 8192, 32_000)
LLAMA_70B = Shape("70B", 69.0e9, 80, 8192, 32_000)


@dataclass(frozen=True, slots=True)
class Training:
    """How a model is trained: on so many GPUs, each with so many tokens at once, in rows.

    Attributes:
        state: bytes a weight of weights, gradient and moments, all in float32.
        gathered: bytes a weight in which layers are put together.
        reduced: bytes a weight in which gradients are summed.
    """

    shape: Shape
    device: Device
    devices: int
    tokens: int = 4096
    row: int = 4096
    state: float = 16.0
    gathered: float = 2.0
    reduced: float = 4.0

    @property
    def standing(self) -> float:
        """Bytes on each GPU of its share of weights, gradients and moments."""
        return self.state * self.shape.weights / self.devices

    @property
    def passing(self) -> float:
        """Bytes on each GPU for a moment: what is gathered, activations (recomputed) and logits."""
        shape = self.shape
        outside = 2 * shape.vocabulary * shape.width
        whole = (2 * shape.layer + outside) * self.gathered + max(shape.layer, outside) * self.reduced
        kept = shape.layers * self.tokens * shape.width * 2
        in_layer = 34 * self.tokens * shape.width
        logits = min(self.tokens, 1_000_000 // shape.vocabulary + 1) * shape.vocabulary * 8
        return whole + kept + in_layer + logits

    @property
    def fits(self) -> bool:
        """Whether a GPU holds it, with a tenth left for its context and its allocator."""
        return self.standing + self.passing < 0.9 * self.device.memory

    @property
    def computing(self) -> float:
        """Seconds of arithmetic for one micro-batch."""
        return self.tokens * self.shape.flops(self.row, recomputed=True) / (KEPT_UP * self.device.flops)

    @property
    def sent(self) -> float:
        """Bytes that each GPU takes part in sending for one micro-batch: two gatherings, one reduction."""
        return (2 * self.gathered + self.reduced) * self.shape.weights * (1 - 1 / self.devices)

    @property
    def sending(self) -> float:
        """Seconds of communication for one micro-batch; between machines all eight links of one work together."""
        link = self.device.within if self.devices <= EACH else self.device.between * EACH
        return self.sent / (OF_LINKS * link)

    @property
    def seconds(self) -> float:
        """Seconds of one micro-batch: communication is hidden behind arithmetic, as far as there is enough."""
        return max(self.computing, self.sending)

    def hours(self, tokens: float) -> float:
        """Hours for so many tokens."""
        return tokens / (self.tokens * self.devices) * self.seconds / 3600


@dataclass(frozen=True, slots=True)
class Published:
    """What others measured on each GPU: tokens a second of a model in rows of so many, or without one TFLOP/s."""

    source: str
    device: Device
    rate: float
    shape: Shape | None = None
    row: int = 0

    @property
    def modelled(self) -> float:
        """The same by the model: arithmetic alone, activations kept as they did."""
        kept_up = KEPT_UP * self.device.flops
        return kept_up / self.shape.flops(self.row, recomputed=False) if self.shape else kept_up / 1e12


def _rate(tokens: float, hours: float) -> float:
    return tokens / (hours * 3600)


PUBLISHED = (
    Published("Llama 2 7B: 184,320 A100 hours for 2.0T tokens", A100, _rate(2e12, 184_320), LLAMA_7B, 4096),
    Published("Llama 2 70B: 1,720,320 A100 hours for 2.0T tokens", A100, _rate(2e12, 1_720_320), LLAMA_70B, 4096),
    Published("LLaMA 65B: 380 tokens/s on each of 2,048 A100", A100, 380.0, LLAMA_65B, 2048),
    Published("Llama 3 405B: 430 TFLOP/s on each of 8,192 H100", H100, 430.0),
    Published("a GPT of 1,008B: 163 TFLOP/s on each of 3,072 A100", A100, 163.0),
)
"""Touvron et al., arXiv 2307.09288, table 2; Touvron et al., arXiv 2302.13971, section 2.4; Llama Team, arXiv
2407.21783, table 4; Narayanan et al., arXiv 2104.04473, table 1. The last two are rates of arithmetic."""

ZERO = ((1, 120.0), (64, 1.9))
"""GPUs and GB on each for 7.5 billion weights, Adam in mixed precision, everything sharded: Rajbhandari et al.,
arXiv 1910.02054, figure 1."""


def table(shape: Shape, device: Device, *, tokens: float, price: float) -> Iterator[str]:
    """Markdown: by number of GPUs, memory, communication, time and money for so many tokens."""
    yield f"| {device.name}s | states | passing | fits | GB sent | computing | sending | hours | $ |"
    yield "|---:|---:|---:|---|---:|---:|---:|---:|---:|"
    for devices in (8, 16, 32, 64, 128, 256, 512, 1024):
        run = Training(shape, device, devices)
        fits = "yes" if run.fits else "no"
        hours = run.hours(tokens)
        cost = f"{hours * devices * price:,.0f}" if run.fits else "-"
        time = f"{hours:,.2g}" if run.fits else "-"
        if run.fits and hours >= 100:
            time = f"{hours:,.0f}"
        yield (
            f"| {devices:,} | {run.standing / GIB:.1f} | {run.passing / GIB:.1f} | {fits} | {run.sent / 1e9:,.0f} |"
            f" {run.computing:.2f} | {run.sending:.2f} | {time} | {cost} |"
        )


def main() -> None:
    """Print what docs/scale.md shows."""
    for one in PUBLISHED:
        off = 100 * (one.modelled / one.rate - 1)
        print(f"| {one.source} | {one.rate:,.0f} | {one.modelled:,.0f} | {off:+.0f} % |")
    for shape in (LLAMA_7B, LLAMA_70B):
        need = math.ceil(Training(shape, H100, EACH).sending / Training(shape, H100, EACH).computing * 4096)
        far = math.ceil(Training(shape, H100, 1024).sending / Training(shape, H100, 1024).computing * 4096)
        print(f"\n{shape.name}: tokens at once that hide communication: {need:,} within a machine, {far:,} between\n")
        print("\n".join(table(shape, H100, tokens=0.9e9, price=2.5)))


if __name__ == "__main__":
    main()
