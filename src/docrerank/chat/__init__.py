"""Chat models behind one small client: any OpenAI-compatible endpoint, a cache of paid calls, budget, cost."""

from __future__ import annotations

from docrerank.chat.answers import Answer, Failure, Reason, Reply
from docrerank.chat.cache import Cache
from docrerank.chat.client import ChatClient, Patience
from docrerank.chat.cost import (
    Budget,
    BudgetReached,
    Plan,
    PlannedCalls,
    Usage,
    estimate_input_tokens,
    estimate_text_tokens,
)
from docrerank.chat.messages import ChatRequest, Image
from docrerank.chat.reach import find_fault

__all__ = [
    "Answer",
    "Budget",
    "BudgetReached",
    "Cache",
    "ChatClient",
    "ChatRequest",
    "Failure",
    "Image",
    "Patience",
    "Plan",
    "PlannedCalls",
    "Reason",
    "Reply",
    "Usage",
    "estimate_input_tokens",
    "estimate_text_tokens",
    "find_fault",
]
