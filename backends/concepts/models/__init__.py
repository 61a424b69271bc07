"""The models on offer, by id."""

from __future__ import annotations

from backends.concepts.models.embedding import ConceptEmbeddingModel, DeepConceptReasoner
from backends.concepts.models.meta import ConceptModel, Representation, Shape
from backends.concepts.models.posthoc import PosthocModel
from backends.concepts.models.residual import (
    BlackBox,
    ConceptBottleneckModel,
    ConceptResidualModel,
    DetachedResidualModel,
    IndependentCBM,
    JointCBM,
    LinearResidualModel,
)
from backends.concepts.models.rules import ConceptMemoryReasoner, TreeRuleReasoner

MODELS: dict[str, type[ConceptModel]] = {
    "cbm-independent": IndependentCBM,
    "cbm-sequential": ConceptBottleneckModel,
    "cbm-joint": JointCBM,
    "crm": ConceptResidualModel,
    "crm-detach": DetachedResidualModel,
    "lrm": LinearResidualModel,
    "cem": ConceptEmbeddingModel,
    "dcr": DeepConceptReasoner,
    "cmr": ConceptMemoryReasoner,
    "cmr-tree": TreeRuleReasoner,
    "pcbm-h": PosthocModel,
    "black-box": BlackBox,
}

__all__ = [
    "MODELS",
    "BlackBox",
    "ConceptModel",
    "DetachedResidualModel",
    "PosthocModel",
    "Representation",
    "Shape",
]
