"""What the backend answers, as plain data that can be read, shown and stored without torch."""

from __future__ import annotations

from dataclasses import dataclass

from backends.concepts.requests import CurveRequest, ModelRequest, Prior
from backends.concepts.sis import Interval


@dataclass(frozen=True, slots=True)
class Metrics:
    """Scores on n samples. SIS is never to be read alone: a constant model has SIS 1."""

    n: int
    accuracy: float  # every output right, default mode
    accuracy_bottleneck: float
    output_accuracy: float  # mean over outputs
    output_accuracy_bottleneck: float
    sis: float  # all outputs agree
    sis_per_output: float  # mean over outputs
    soft_sis: float
    concept_accuracy: float  # mean over concepts
    concept_set_accuracy: float  # every concept of a sample right
    nll: float  # nats an output, default mode
    nll_bottleneck: float
    confidence: float  # mean |p - 0.5|, default mode
    constant: bool  # the model gives one and the same prediction for every sample


@dataclass(frozen=True, slots=True)
class ConceptState:
    """One concept of the sample: what the model predicts, what is true, what is in effect."""

    name: str
    group: str | None  # the one-hot group it belongs to
    predicted: float
    truth: int
    value: float
    edited: bool


@dataclass(frozen=True, slots=True)
class ModeResult:
    """What one mode says: output probabilities, the thresholded answer, and what it was unedited."""

    probabilities: tuple[float, ...]
    answer: str
    correct: bool
    unedited: tuple[float, ...]
    unedited_answer: str


@dataclass(frozen=True, slots=True)
class PredictResult:
    """Both modes on one sample, with and without the edits."""

    concepts: tuple[ConceptState, ...]
    outputs: tuple[str, ...]
    truth: tuple[int, ...]
    truth_answer: str
    default: ModeResult
    bottleneck: ModeResult
    agree: bool
    prior: Prior
    reads_soft: bool


@dataclass(frozen=True, slots=True)
class Scores:
    """Test metrics of a model with the intervals of its SIS."""

    metrics: Metrics
    hoeffding: Interval
    wilson: Interval
    concepts_off: float
    majority: float
    """Accuracy of always giving the most frequent answer: the floor of every accuracy."""
    cautions: tuple[str, ...]
    """What makes these scores misleading, in words."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A head's weight times the standard deviation of what it reads, so that scales compare."""

    name: str
    contribution: float  # log-odds a standard deviation, signed
    sidechannel: bool


@dataclass(frozen=True, slots=True)
class Weights:
    """Contributions to one output, largest first; `concept_share` of the total magnitude, 0..1.

    `raw_share` is the paper's share of |weights| (Fig. 7), which depends on how z is scaled.
    """

    output: str
    weights: tuple[Weight, ...]
    concept_share: float
    raw_share: float


@dataclass(frozen=True, slots=True)
class Literal:
    """One concept in a rule: its sign, how relevant it is (0..1) and whether it holds (0..1)."""

    concept: str
    positive: bool
    relevance: float
    truth: float


@dataclass(frozen=True, slots=True)
class LocalRule:
    """The fuzzy rule that DCR wrote for one sample and output, relevant literals first."""

    output: str
    literals: tuple[Literal, ...]
    truth: float


@dataclass(frozen=True, slots=True)
class BookRule:
    """One rule of CMR: its text, how often it is selected on the test split, and here."""

    text: str
    usage: float  # share of test samples for which the selector likes it best
    selected: float  # selector probability for this sample
    fires: bool
    injected: bool  # from a decision tree


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules of one output, most used first."""

    output: str
    rules: tuple[BookRule, ...]
    any_fires: bool  # bottleneck mode: the OR of all rules


@dataclass(frozen=True, slots=True)
class Flip:
    """What setting one concept the other way does to the probability of the present answer."""

    change: str  # "left digit -> 4"
    default: float  # signed change of probability
    bottleneck: float


@dataclass(frozen=True, slots=True)
class Flips:
    """One-flip effects on one output."""

    output: str
    flips: tuple[Flip, ...]


Explanation = Weights | LocalRule | RuleBook | Flips


Band = tuple[tuple[float, ...], tuple[float, ...]]


def _band(mean: tuple[float, ...], sd: tuple[float, ...]) -> Band:
    low = tuple(max(0.0, m - s) for m, s in zip(mean, sd, strict=True))
    return low, tuple(min(1.0, m + s) for m, s in zip(mean, sd, strict=True))


@dataclass(frozen=True, slots=True)
class Curve:
    """Accuracy (all outputs right) of both modes after k = 0, 1, ... interventions.

    Mean and standard deviation over `orders` random orders; one order, and no deviation, for the
    other policies. `n` test samples.
    """

    request: CurveRequest
    n: int
    orders: int
    default: tuple[float, ...]
    default_sd: tuple[float, ...]
    bottleneck: tuple[float, ...]
    bottleneck_sd: tuple[float, ...]

    @property
    def default_band(self) -> Band:
        """Mean minus and plus one standard deviation in default mode, within 0..1."""
        return _band(self.default, self.default_sd)

    @property
    def bottleneck_band(self) -> Band:
        """The same in bottleneck mode."""
        return _band(self.bottleneck, self.bottleneck_sd)


@dataclass(frozen=True, slots=True)
class Epoch:
    """Where training stands: losses in nats a sample, the rest on the validation split."""

    epoch: int
    train_loss: float
    val_loss: float
    accuracy: float
    accuracy_bottleneck: float
    sis: float


Pixels = list[list[list[int]]]
"""A picture as rows of RGB pixels, 0..255."""


@dataclass(frozen=True, slots=True)
class SamplePage:
    """Test samples to choose from; `total` is how many the filter found, `start` the first shown."""

    ids: tuple[int, ...]
    pictures: tuple[Pixels, ...]
    captions: tuple[str, ...]  # the true answer
    start: int
    total: int


@dataclass(frozen=True, slots=True)
class Side:
    """One of two models under comparison: what it says of the sample, its scores, its reasons."""

    model: ModelRequest
    result: PredictResult
    scores: Scores
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on one sample under the same edits."""

    sample: int
    picture: Pixels
    left: Side
    right: Side
