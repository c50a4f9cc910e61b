# Afterimage. Needs make and Python 3.11 or newer; everything else is installed into .venv.

PYTHON ?= python3
PYTEST ?= pytest
PYTEST_ARGS ?=
ARCHITECTURE ?= arm64
ENSURE = @command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): install Python 3.11 or newer" >&2; exit 2; }; \
	$(PYTHON) tests/local_stack/bootstrap.py
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate

# The modules of this folder are what runs here.
unexport PYTHONSAFEPATH

ifeq ($(OS),Windows_NT)
$(error Afterimage does not run on Windows itself: use WSL, https://learn.microsoft.com/windows/wsl/install)
endif

# Lambda mounts layers and functions read-only, so what has no bytecode is compiled in each new
# environment. Unchecked, because times of files do not survive the upload.
BYTECODE = python3.13 -m compileall -q -f --invalidation-mode unchecked-hash
# Of botocore's data a function reads only what it calls.
AWS_MODELS = .venv/bin/python -m tests.sam.aws_models

.DEFAULT_GOAL := help
.PHONY: help run test test-quick test-client faults storm preflight retained build deploy aws-smoke sam-local second-opinion check bench bench-peer lighthouse lock clean

help: ## list the targets
	@awk '/^##@ / {print "\n" substr($$0, 5)} \
		/^[a-z-]+:.*## / {sub(/:.*## /, " - "); print "  make " $$0}' Makefile

##@ To see it
run: ## run the whole bundle on this machine (PORT, GEMINI_API_KEY, STATE_DIR, LOG=1)
	$(ENSURE) .venv tests/local_stack/requirements.txt
	@exec .venv/bin/python -m tests.local_stack --until-parent-ends --suggest tests/local_stack/suggestions.json

##@ To change it
# No bundle is started; the few tests that take seconds by themselves are left to `make test`.
test-quick: ## the tests that one wants while working, under two minutes (PYTEST_ARGS="-k name")
	$(ENSURE) .venv tests/requirements.txt
	@.venv/bin/python -m pytest tests/unit tests/contracts -n 2 -q -m "not slow" $(PYTEST_ARGS)

# Two processes, each with a bundle and a browser of its own; who has nothing left takes over half of
# the other's tests, so that what computes runs beside what waits.
test: ## run all tests (PYTEST_ARGS="-k name")
	$(ENSURE) .venv tests/requirements.txt
	@.venv/bin/python -m $(PYTEST) -n 2 --dist worksteal $(PYTEST_ARGS)

test-client: ## pack the npm package and use it in a Vite project, about a minute (needs node and npm)
	$(ENSURE) .venv tests/requirements.txt
	@.venv/bin/python -m $(PYTEST) tests/client $(PYTEST_ARGS)

check: export SAM_CLI_TELEMETRY = 0
check: export AWS_DEFAULT_REGION = eu-central-1
check: ## style, types, the template, the build, and the documentation against the code
	$(ENSURE) .venv tests/requirements.txt
	$(ENSURE) .venv-sam tests/sam/requirements.txt
	$(ENSURE) .venv-checkov tests/sam/checkov_requirements.txt
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv-sam/bin/sam validate --lint
	.venv-sam/bin/cfn-lint template.yaml
	plain=$$(mktemp -d) && trap 'rm -rf "$$plain"' EXIT && \
		.venv/bin/python -m tests.sam.transformed > "$$plain/template.json" && \
		.venv-checkov/bin/checkov --config-file tests/sam/checkov.yaml --file "$$plain/template.json"
	build=$$(mktemp -d) && trap 'rm -rf "$$build"' EXIT && \
		.venv-sam/bin/sam build --build-dir "$$build/build" --cache-dir "$$build/cache" && \
		$(AWS_MODELS) "$$build/build" && $(BYTECODE) "$$build/build" && .venv/bin/python -m tests.sam.sized "$$build/build"
	.venv/bin/python -m pytest tests/unit/test_docs.py tests/unit/test_docs_numbers.py

lock: ## write the seven lock files anew from pyproject.toml
	$(ENSURE) .venv tests/requirements.txt
	$(COMPILE) --group dev -o tests/requirements.txt
	$(COMPILE) --group local -c tests/requirements.txt -o tests/local_stack/requirements.txt
	$(COMPILE) --group functions -c tests/requirements.txt -o layers/dependencies/requirements.txt
	$(COMPILE) --group sam -o tests/sam/requirements.txt
	$(COMPILE) --group sam-local -o tests/sam_local/requirements.txt
	$(COMPILE) --group second-opinion -o tests/second_opinion/requirements.txt
	$(COMPILE) --group checkov -o tests/sam/checkov_requirements.txt

clean: ## remove environments and caches
	rm -rf .venv .venv-sam .venv-checkov .venv-second-opinion .venv-against .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ To test it thoroughly
faults: ## kill, race and storm the local stack (about 12 minutes)
	$(ENSURE) .venv tests/requirements.txt
	@.venv/bin/python -m $(PYTEST) tests/faults $(PYTEST_ARGS)

storm: ## a seeded storm of messages and faults (SEED, MESSAGES)
	$(ENSURE) .venv tests/requirements.txt
	@.venv/bin/python -m tests.faults.storm $(if $(SEED),--seed $(SEED)) $(if $(MESSAGES),--messages $(MESSAGES))

second-opinion: ## the tables' contract tests on AWS's own DynamoDB Local (ARGS=--if-possible)
	$(ENSURE) .venv tests/requirements.txt
	$(ENSURE) .venv-second-opinion tests/second_opinion/requirements.txt
	@.venv/bin/python -m tests.second_opinion $(ARGS)

sam-local: ## every function with its events under `sam local`, in containers (ARGS=--if-possible)
	$(ENSURE) .venv tests/requirements.txt
	$(ENSURE) .venv-sam tests/sam/requirements.txt
	@.venv/bin/python -m tests.sam_local $(ARGS)

##@ To measure it
bench: ## measure what docs/figures.md promises (PARTS=placeholder,costs; AGAINST=commit; REPEAT=3)
	$(ENSURE) .venv tests/requirements.txt
	@.venv/bin/python -m tests.benchmarks $(if $(PARTS),--only $(PARTS)) \
		$(if $(AGAINST),--against $(AGAINST)) $(if $(REPEAT),--repeat $(REPEAT))

bench-peer: ## beside Open WebUI, which it installs into a temporary folder (ARGS=--peer=PYTHON)
	$(ENSURE) .venv tests/requirements.txt
	@.venv/bin/python -m tests.peer $(ARGS)

lighthouse: ## Lighthouse's scores of the page (needs node and npm)
	$(ENSURE) .venv tests/requirements.txt
	@.venv/bin/python -m tests.browser.scores

##@ To have it on AWS
preflight: ## before the first deployment: what stands in its way (STACK, REGION)
	$(ENSURE) .venv tests/requirements.txt
	@.venv/bin/python -m tests.aws_preflight $(STACK) $(if $(REGION),--region $(REGION)) $(ARGS)

build: export SAM_CLI_TELEMETRY = 0
build: ## build what is deployed (ARCHITECTURE, arm64 or x86_64)
	$(ENSURE) .venv tests/requirements.txt
	$(ENSURE) .venv-sam tests/sam/requirements.txt
	.venv-sam/bin/sam build $(if $(BUILD_FOLDER),--build-dir $(BUILD_FOLDER) )--parameter-overrides Architecture=$(ARCHITECTURE)
	@$(AWS_MODELS) $(or $(BUILD_FOLDER),.aws-sam/build)
	@$(BYTECODE) $(or $(BUILD_FOLDER),.aws-sam/build)
	@.venv/bin/python -m tests.sam.sized $(or $(BUILD_FOLDER),.aws-sam/build)
	@.venv/bin/python -m tests.sam.pinned $(or $(BUILD_FOLDER),.aws-sam/build)/template.yaml $(ARCHITECTURE)

# A parameter that is named on the command line replaces all that samconfig.toml saved; what was chosen
# and is not named stays as it is deployed. So no saved answer undoes what was set later.
deploy: export SAM_CLI_TELEMETRY = 0
deploy: build ## build and deploy (PARAMETERS="Name=value …", ARGS=--guided the first time, ARCHITECTURE)
	$(if $(findstring --guided,$(ARGS)),.venv-sam/bin/sam deploy,.venv/bin/python -m tests.sam.deploy \
		Architecture=$(ARCHITECTURE) $(PARAMETERS) --) $(ARGS)

aws-smoke: ## look at a deployed stack, and use it once (STACK, REGION, TOKEN, PAUSE)
	@test -n "$(STACK)" || { echo "Name the stack: make aws-smoke STACK=afterimage" >&2; exit 2; }
	$(ENSURE) .venv tests/requirements.txt
	@.venv/bin/python -m tests.aws_smoke $(STACK) $(if $(REGION),--region $(REGION)) \
		$(if $(PAUSE),--pause $(PAUSE)) $(ARGS)

retained: ## what a deleted stack left, for the next one to take in (STACK, REGION, ENDING)
	$(ENSURE) .venv tests/requirements.txt
	@.venv/bin/python -m tests.aws_retained $(STACK) $(if $(REGION),--region $(REGION)) \
		$(if $(ENDING),--ending=$(ENDING)) $(ARGS)
