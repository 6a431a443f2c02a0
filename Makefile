# `make demo` and `make test` are the two commands of the README; each prepares .venv when needed.
.DEFAULT_GOAL := help
.PHONY: help demo test check fix fuzz bench bench-clearing vectors spec-coverage setup pins clean

ARGS ?=
BIN := .venv/bin
READY := .venv/ready
KERNEL := build/kernel

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## four cooperatives, payments around the ring, one clearing, one audit (ARGS="--json")
	@$(BIN)/ronde demo $(ARGS)

test: $(READY) $(KERNEL) ## all tests with branch coverage and its floors (ARGS="tests/node" for a part)
	@mkdir -p build/coverage && rm -f build/coverage/data*
	@$(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report= $(ARGS)
	@$(if $(ARGS),true,$(BIN)/python -m tests.house.coverage_floor)

check: $(READY) ## the one gate: style, types, walls, vectors, then `make test`
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(MAKE) --no-print-directory vectors
	@$(MAKE) --no-print-directory test

fix: $(READY) ## let ruff mend and format what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: $(READY) $(KERNEL) ## the properties again, 20,000 fresh examples each (prints its seed)
	$(BIN)/python -m pytest -n 2 --hypothesis-profile=fuzz $(ARGS)

bench: $(READY) $(KERNEL) ## measure the node and the audit; writes build/bench.json
	@mkdir -p build
	@$(BIN)/python -m tests.bench.run $(ARGS)

bench-clearing: $(READY) $(KERNEL) ## measure the clearing engine; writes build/bench-clearing.json
	@mkdir -p build
	@$(BIN)/python -m tests.bench.clearing.run $(ARGS)

vectors: $(READY) ## write our vectors again; fails when one byte differs
	@rm -rf build/vectors && mkdir -p build && cp -R spec/vectors build/vectors
	@set -e; for file in tests/vectors/generate_*.py; do \
	  [ ! -e "$$file" ] || PYTHONPATH=. $(BIN)/python "$$file"; done
	@diff -r build/vectors spec/vectors && echo "vectors: no difference"

spec-coverage: $(READY) ## the MUST sentences that no code quotes
	@$(BIN)/python -m tests.house.spec_coverage

setup: $(READY) ## make .venv: every package pinned, every file checked by its hash

$(READY): constraints.txt pyproject.toml .ci/python
	@python=$$(sh .ci/python) || exit 1; \
	echo "Préparation de l'environnement .venv (une fois, environ une minute) · preparing .venv (once, about a minute)"; \
	mkdir -p build && rm -rf .venv && "$$python" -m venv .venv \
	&& $(BIN)/python -m pip install --no-input --disable-pip-version-check --require-hashes \
	  -r constraints.txt >build/setup.log 2>&1 \
	&& $(BIN)/python -m pip install --no-input --disable-pip-version-check --no-deps \
	  --no-build-isolation -e . >>build/setup.log 2>&1 \
	&& touch $(READY) \
	|| { tail -n 20 build/setup.log >&2; \
	  echo "L'installation a échoué ; le détail est dans build/setup.log · set-up failed, see build/setup.log" >&2; exit 1; }

$(KERNEL): $(wildcard federation/native/*.[ch]) .ci/kernel.py
	@mkdir -p build && $(BIN)/python .ci/kernel.py \
	  || echo "Pas de compilateur C : voie de la bibliothèque · no C compiler: the library path is used"
	@touch $(KERNEL)

pins: ## choose newer versions and write constraints.txt again (needs pip-tools of its own)
	@python=$$(sh .ci/python) && rm -rf build/pins && "$$python" -m venv build/pins \
	&& build/pins/bin/python -m pip install -q "pip-tools>=7.5" \
	&& PIP_CONFIG_FILE=/dev/null sh .ci/pins build/pins/bin/pip-compile

clean: ## remove .venv and everything built
	rm -rf .venv build dist .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
