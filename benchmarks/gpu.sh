#!/bin/sh
# The GPU table of docs/vision.md: one GPU, under 20 minutes, no network, no packages beyond torch, transformers, peft,
# accelerate and sentence-transformers. Arguments go to gpu.py, for example --json FILE, or --tiny on a processor.
set -eu
cd "$(dirname "$0")/.."
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONUNBUFFERED=1
exec "${PYTHON:-python3}" benchmarks/gpu.py "$@"
