# Everything runs inside .venv, which the first target that needs it sets up; later ones skip that.
# Another Python: make lab PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
# nbgrader starts `alembic` and Jupyter starts its subcommands by name.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Two test workers on two cores: one thread each.
TEST_ENV := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 PYTHONWARNINGS=ignore
PYTEST := $(VENV)/bin/python -m pytest -n 2 --dist loadscope -q --durations=8

.PHONY: help lab test demo release bench lock
.DEFAULT_GOAL := help

help:  ## this list
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  %-12s %s\n", $$1, $$2}'

lab: $(READY)  ## open the course in JupyterLab
	@$(VENV)/bin/jupyter lab lectures/00_start_here.ipynb

test: $(READY)  ## lint, run every test, execute every notebook
	@echo "── style ──"
	@$(VENV)/bin/ruff check --quiet . && $(VENV)/bin/ruff format --check --quiet .
	@echo "── notebooks: every stored output is computed again ──"
	@$(TEST_ENV) $(PYTEST) --nbval --nbval-current-env --nbval-cell-timeout=120 -p no:randomly \
	    lectures $(wildcard solutions/*/*.ipynb)
	@echo "── tests ──"
	@$(TEST_ENV) MPLBACKEND=Agg $(PYTEST) tests

demo: $(READY)  ## a grading cycle with a sample class, from release to gradebook
	@$(VENV)/bin/course demo

release: $(READY)  ## make assignments/ from solutions/
	@$(VENV)/bin/course release

bench: $(READY)  ## measure speed, side by side
	@for script in benchmarks/*.py; do $(VENV)/bin/python $$script || exit 1; done

lock: $(READY)  ## write requirements.lock from what is installed
	@{ grep '^#' requirements.lock; $(VENV)/bin/python -m pip freeze --all --exclude-editable | grep -v "^pip==" | sed 's/+cpu//' | sort -f; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock && touch $(READY)

# The stamp is written last: a set-up that was interrupted is taken up again.
$(READY): pyproject.toml requirements.lock
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is not installed. Install Python 3.11 or newer, or say: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "The course needs Python 3.11 or newer, but $(PYTHON) is %d.%d. Say: make PYTHON=/path/to/python3.11" % (v[0], v[1]))'
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo "Python cannot make environments yet. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	@if [ -d $(VENV) ] && [ ! -f $(READY) ]; then echo "Found an unfinished $(VENV), taking it up again."; fi
	@echo "Setting up $(VENV): about two minutes and 2 GB, once."
	@[ -x $(VENV)/bin/python ] && $(VENV)/bin/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(VENV)/bin/python -m pip install --disable-pip-version-check --progress-bar on -r requirements.lock || { echo "Could not install the packages, see above. Is there a network? Nothing is lost: run the same command again."; exit 1; }
	@$(VENV)/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)
	@echo "Ready."
