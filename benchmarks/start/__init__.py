"""`docrerank-mini`: MiniLM as a late-interaction reranker, trained on people's questions.

python -m benchmarks.start train ../shared/human-questions --out start
"""

from __future__ import annotations
