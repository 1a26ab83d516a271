# Everything runs inside .venv, which the first target that needs it sets up; later ones skip that.
# Another Python: make lab PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
UNFINISHED := $(VENV)/.unfinished
OLD := $(VENV)-old
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
# Jupyter refuses to run as root, which is who one is in most containers.
LAB_FLAGS := $(if $(filter 0,$(shell id -u)),--allow-root)

# Grading keeps students' code in a sandbox, which is Debian's package bubblewrap.
INSTALL_SANDBOX := apt-get install --quiet --yes --no-install-recommends bubblewrap

.PHONY: help lab test demo release site bench lock
.DEFAULT_GOAL := help

help:  ## this list
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "  %-9s%s\n", $$1, $$2}'

lab: $(READY)  ## open the course in JupyterLab
	@$(VENV)/bin/jupyter lab $(LAB_FLAGS) --LabApp.news_url=None \
	    --LabApp.default_url=/lab/tree/lectures/00_start_here.ipynb

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

# A finished environment carries the stamp $(READY), which says where it stands and is written last.
# While pip is at work it carries $(UNFINISHED): whoever finds that, makes it anew, since a package
# that was cut off may look complete. A failure leaves an earlier environment as it was. One that was
# moved or copied here still points to its old place.
ifneq ($(shell cat $(READY) 2> /dev/null),$(CURDIR))
.PHONY: $(READY)
endif
$(READY): pyproject.toml requirements.lock
	@command -v $(PYTHON) > /dev/null || { \
	    echo "There is no $(PYTHON). Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    for newer in python3.14 python3.13 python3.12 python3.11; do \
	        $$newer -c '' 2> /dev/null && break; newer=/path/to/python3.11; done; \
	    echo "The course needs Python 3.11 or newer, but $(PYTHON) is $$($(PYTHON) -c 'import platform; print(platform.python_version())'). Name another: make PYTHON=$$newer"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { \
	    echo "$(PYTHON) cannot make environments yet. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	@again=; made=; \
	if [ -e $(UNFINISHED) ]; then again="was left unfinished"; \
	elif [ -e $(READY) ] && [ "$$(cat $(READY))" != "$(CURDIR)" ]; then again="was made for another folder"; \
	elif [ -e $(VENV) ] && ! $(PIP) --version > /dev/null 2>&1; then again="has no working Python"; fi; \
	if [ "$$again" ]; then echo "$(VENV) $$again: making it anew."; rm -rf $(OLD) && mv $(VENV) $(OLD); fi; \
	give_up() { if [ "$$made" ]; then rm -rf $(VENV); else rm -f $(UNFINISHED); fi; \
	    [ ! -e $(OLD) ] || mv $(OLD) $(VENV); echo "$$1"; exit 1; }; \
	if [ ! -e $(VENV) ]; then \
	    made=yes; mkdir $(VENV) && touch $(UNFINISHED); \
	    echo "Setting up $(VENV), once: about 2 minutes and 2 GB, with CUDA on Linux 10 minutes and 8 GB."; \
	    $(PYTHON) -m venv $(VENV) || give_up "$(PYTHON) could not make $(VENV), it says why above."; \
	    echo "Asking for the packages ..."; \
	    $(PIP) --quiet --quiet --retries 1 --timeout 15 install --dry-run --no-deps \
	        "$$(grep -m 1 == requirements.lock)" > /dev/null 2>&1 || give_up \
	        "The packages cannot be fetched: there is no network, or no package index answers pip. Connect (behind a proxy: export https_proxy=http://...) and run the same command again; nothing was changed."; \
	else echo "Bringing $(VENV) up to date."; fi; \
	touch $(UNFINISHED); \
	(while sleep 4 && kill -0 $$$$ 2> /dev/null; do printf '. '; done) & dots=$$!; \
	$(PIP) install --progress-bar on -r requirements.lock \
	    && $(PIP) install --quiet --no-deps --no-build-isolation --editable .; \
	status=$$?; kill $$dots 2> /dev/null; \
	[ $$status = 0 ] || give_up "The packages could not be installed, pip says why above. Mend that and run the same command again; nothing is lost."; \
	rm -rf $(OLD) $(UNFINISHED); echo "$(CURDIR)" > $(READY); echo "$(VENV) is ready."
