"""What the models on offer are called and can do, readable without loading torch."""

from __future__ import annotations

from dataclasses import dataclass

BETA_GRID = (0.0, 0.01, 0.1, 1.0, 5.0)
"""Strengths of the SIS regulariser on offer: those of the sweep, from the paper's grid."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model on offer; `takes_beta` says whether its sidechannel can be regularised."""

    title: str
    summary: str
    family: str
    takes_beta: bool = True


MODEL_INFO: dict[str, ModelInfo] = {
    "cbm-independent": ModelInfo(
        "CBM, independent",
        "No sidechannel: a concept network, and a network trained on the true concepts.",
        "CBM",
        takes_beta=False,
    ),
    "cbm-sequential": ModelInfo(
        "CBM, sequential",
        "No sidechannel: concepts first, then a network trained on the predicted concepts.",
        "CBM",
        takes_beta=False,
    ),
    "cbm-joint": ModelInfo(
        "CBM, joint",
        "No sidechannel, but the head reads probabilities and both losses train together, so "
        "information can leak through the concepts' soft values.",
        "CBM",
        takes_beta=False,
    ),
    "crm": ModelInfo(
        "CRM (concept residual)",
        "A neural network reads the concepts and a free embedding side by side. It can express "
        "anything from the concepts, but nothing makes it use them.",
        "CRM",
    ),
    "crm-detach": ModelInfo(
        "CRM, detach baseline",
        "A concept head and a residual add up; the residual only trains on what the concept head "
        "leaves over. A baseline to the SIS regulariser.",
        "CRM",
        takes_beta=False,
    ),
    "lrm": ModelInfo(
        "LRM (linear residual)",
        "A linear head on concepts and a free embedding: every weight can be read, but what the "
        "concepts cannot say linearly must come through the sidechannel.",
        "LRM",
    ),
    "cem": ModelInfo(
        "CEM (concept embedding)",
        "Each concept has an embedding for true and one for false, both made from the input; the "
        "concept only chooses between them, so the embeddings carry what they like.",
        "CEM",
    ),
    "dcr": ModelInfo(
        "DCR (deep concept reasoner)",
        "For each sample it writes a logic rule over the concepts and evaluates it. The rule can be "
        "read, but which rule it is comes through the sidechannel.",
        "DCR",
    ),
    "cmr": ModelInfo(
        "CMR (memory reasoner)",
        "A book of readable rules for each output; the sidechannel only picks which rule to apply. "
        "Without it, all rules apply at once.",
        "CMR",
    ),
    "cmr-tree": ModelInfo(
        "CMR with tree rules",
        "As CMR, with rule books taken from decision trees on the true concepts beside three learned "
        "rules: the paper's way to be accurate and interpretable at once.",
        "CMR",
    ),
    "pcbm-h": ModelInfo(
        "PCBM-h (post-hoc, hybrid)",
        "Concepts are directions found afterwards in a frozen black box, read by a linear head; a "
        "linear residual on the embedding then mends what the head cannot do.",
        "PCBM-h",
    ),
    "black-box": ModelInfo(
        "Black box",
        "The output comes from the embedding alone; concepts are read off by a probe and never used. "
        "The reference for accuracy, and for a model that cannot listen.",
        "Black box",
        takes_beta=False,
    ),
}
