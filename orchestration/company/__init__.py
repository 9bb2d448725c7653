"""A generated mid-size software company: exports in the systems' real formats, and the truth about them."""

from orchestration.company.generate import generate
from orchestration.company.truth import Truth

__all__ = ["Truth", "generate"]
