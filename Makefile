# Everything runs inside .venv, which the first target that needs it sets up; later ones skip that.
# Another Python: make lab PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
NEWEST := build/newest
READY := $(VENV)/.ready
# Installed beside the dependencies, so that the project itself needs no network.
BUILD_BACKEND := 'setuptools>=77'
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
# nbgrader starts `alembic` and Jupyter starts its subcommands by name.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# Two test workers on two cores: one thread each, or they wait for each other.
TEST_ENV := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
PYTEST := $(VENV)/bin/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder
NBVAL := --nbval --nbval-kernel-name=warm --nbval-cell-timeout=200
NOTEBOOKS := $(wildcard lectures/*.ipynb solutions/*/*.ipynb)
BENCHMARKS := $(patsubst %,benchmarks/%.py,grading lectures layers data)

# Grading keeps students' code in a sandbox, which is Debian's package bubblewrap.
INSTALL_SANDBOX := apt-get install --quiet --yes --no-install-recommends bubblewrap

.PHONY: help lab test demo release site bench lock newest
.DEFAULT_GOAL := help

help:  ## this list
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "  %-9s%s\n", $$1, $$2}'

lab: $(READY)  ## open the course in JupyterLab
	@$(PYTHON) start.py

test: $(READY) sandbox  ## lint, run every test, execute every notebook
	@echo "── style: ruff ──"
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --check --quiet .
	@echo "── tests, and every stored output of the notebooks is computed again ──"
	@$(TEST_ENV) TQDM_DISABLE=1 $(PYTEST) $(NBVAL) tests $(NOTEBOOKS)

demo: $(READY) sandbox  ## a grading cycle with a sample class, from release to gradebook
	@$(VENV)/bin/course demo

release: $(READY)  ## make assignments/ from solutions/
	@$(VENV)/bin/course release

# Links to Colab and Binder are made when it is known where the course stands:
# make site REPOSITORY_URL=https://github.com/OWNER/NAME
site: $(READY)  ## build the website into build/site
	@$(VENV)/bin/sphinx-build --fail-on-warning --keep-going --quiet -c docs . build/site
	@echo "The website is ready: open build/site/index.html, or to search it too:"
	@echo "$(VENV)/bin/python -m http.server --directory build/site"

bench: $(READY) sandbox  ## measure speed: grading, notebooks, layers, data sets
	@for script in $(BENCHMARKS); do $(VENV)/bin/python $$script || exit 1; done

# Only grading needs it, so it is no part of the set-up, and its absence no error here.
.PHONY: sandbox
sandbox:
	@command -v bwrap > /dev/null || { \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	        echo "Installing bubblewrap, the sandbox for students' code."; \
	        { apt-get update --quiet && $(INSTALL_SANDBOX); } > /dev/null 2>&1 || true; \
	    fi; }
	@command -v bwrap > /dev/null || echo "Grading needs the sandbox bubblewrap: sudo apt install bubblewrap"

# pip resolves anew what pyproject.toml asks for and installs nothing; the local part of a version,
# such as +cpu, names a build for one machine and is left out.
lock: $(READY)  ## write requirements.lock anew from pyproject.toml
	@echo "Resolving the dependencies, which takes a minute ..."
	@$(PIP) install --quiet --dry-run --ignore-installed --report $(VENV)/resolved.json \
	    '.[test,site,hub]' $(BUILD_BACKEND)
	@{ grep '^#' requirements.lock; \
	    $(VENV)/bin/python -c 'import json; [print(m["name"], m["version"], sep="==") for m in \
	        (step["metadata"] for step in json.load(open("$(VENV)/resolved.json"))["install"])]' \
	    | sed 's/+.*//; /^convnet-course==/d' | LC_ALL=C sort -f; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock

# Each week CI asks so whether a release that is not pinned yet breaks the course. The pins stay.
newest: $(READY) sandbox  ## run every test on the newest releases of all dependencies
	@rm -rf $(NEWEST) && $(PYTHON) -m venv $(NEWEST)
	@sed -n 's/^    "\([A-Za-z0-9-]*\)==.*/\1/p' pyproject.toml > $(NEWEST)/requirements.txt
	@echo $(BUILD_BACKEND) >> $(NEWEST)/requirements.txt
	@$(NEWEST)/bin/python -m pip --disable-pip-version-check install --quiet -r $(NEWEST)/requirements.txt
	@$(NEWEST)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@echo "Newer than the pins:"
	@$(NEWEST)/bin/python -m pip --disable-pip-version-check freeze --exclude-editable \
	    | sed 's/+.*//' | grep -vixFf requirements.lock | sed 's/^/  /' || echo "  nothing"
	@echo "$(CURDIR)" > $(NEWEST)/.ready
	@$(MAKE) --no-print-directory test VENV=$(NEWEST)

# start.py makes the environment, and says what its two stamps mean.
ifneq ($(shell cat $(READY) 2> /dev/null),$(CURDIR))
.PHONY: $(READY)
endif
$(READY): pyproject.toml requirements.lock
	@command -v $(PYTHON) > /dev/null || { \
	    echo "There is no $(PYTHON). Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) start.py --only-set-up
