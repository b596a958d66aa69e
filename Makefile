# What a user types. Everything runs in .venv, which `make install` makes from PyPI alone.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

# Each service and each command is a process of its own; without bytecode each would compile it all.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo up test test-long test-browser test-kafka test-ferretdb faults upgrade poison bench bench-parking bench-bounds lint docs format \
	coverage image test-docker structure matrix audit sbom hooks constraints hashes clean

help:  ## Show what there is to do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[embedded,dev]'
	@touch $@

install: .venv/installed  ## Make .venv with everything the project needs

demo: install  ## Run a set of requests through the whole desk and check every outcome
	$(BIN)/desk demo

up: install  ## Start the desk and keep it running until Ctrl-C
	$(BIN)/desk up

# A file goes to one worker, and each worker starts the shared servers for its own files.
WORKERS ?= 2

IN_WORKERS := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Marked `long`: they kill, freeze and restore servers that no other test can use.
LONG_TESTS := tests/faults tests/poison tests/integration
ORDINARY_TESTS := tests --ignore tests/browser -m 'not long'

test: install  ## Run all tests but the long ones (TESTS=path to run some, INFRA=embedded|docker|external, EXAMPLES=all)
	$(BIN)/python -m pytest --infra $(or $(INFRA),auto) \
	  $(or $(TESTS),$(ORDINARY_TESTS)) --examples $(or $(EXAMPLES),few) $(IN_WORKERS)

test-long: install  ## Run the tests that take whole desks apart: kills, outages, restorations, wrong clocks, poison
	$(BIN)/python -m pytest --infra $(or $(INFRA),auto) $(LONG_TESTS) -m long $(IN_WORKERS)

# axe-core judges how accessible each page is.
AXE := tests/browser/target/node_modules/.fetched

$(AXE): tests/browser/package.json tests/browser/package-lock.json
	@command -v npm >/dev/null || { echo 'npm is not on the PATH; on Debian: apt-get install npm'; exit 1; }
	mkdir -p tests/browser/target
	cp $^ tests/browser/target
	cd tests/browser/target && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

KAFKA_JARS := tests/apache_kafka/target/jars
WIRE_TESTS := tests/apache_kafka tests/integration tests/e2e tests/faults tests/secure tests/pdfa
# These start the embedded broker themselves, or no broker at all.
NOT_ON_KAFKA := tests/integration/embedded tests/integration/cli/test_supervisor.py \
	tests/integration/cli/test_drills.py \
	tests/e2e/test_demo.py tests/integration/notification/test_sender.py tests/integration/image
# The rest runs on the secured broker; these show that one without users and TLS does, too. What is
# marked `plaintext` is among them.
PLAINTEXT_TESTS := tests/e2e/test_kcat.py tests/integration/runtime/test_process.py \
	tests/integration/runtime/test_abilities.py tests/integration/notification/test_on_the_wire.py

$(KAFKA_JARS)/.fetched: tests/apache_kafka/pom.xml
	@command -v mvn >/dev/null || \
	  { echo 'mvn is not on the PATH; install a Java 17 runtime and Maven'; exit 1; }
	rm -rf $(KAFKA_JARS)
	mvn --batch-mode --quiet --file $< dependency:copy-dependencies -DoutputDirectory=$(abspath $(KAFKA_JARS))
	$(BIN)/python -m tests.apache_kafka.classes
	@touch $@

test-browser: install $(AXE) $(if $(shell command -v mvn),$(KAFKA_JARS)/.fetched)  ## Walk through the portal in a real browser (Debian's chromium, npm)
	$(BIN)/python -m pytest --durations 5 $(or $(TESTS),tests/browser)

# veraPDF says whether the archive's documents are PDF/A.
PDFA_JARS := tests/pdfa/target/jars

$(PDFA_JARS)/.fetched: tests/pdfa/pom.xml
	rm -rf $(PDFA_JARS)
	mvn --batch-mode --quiet --file $< dependency:copy-dependencies -DoutputDirectory=$(abspath $(PDFA_JARS))
	@touch $@

test-kafka: install $(KAFKA_JARS)/.fetched $(PDFA_JARS)/.fetched  ## Run the wire tests on Apache Kafka with users and TLS (Java 17, Maven; INFRA=kafka: without)
	$(BIN)/python -m pytest --infra $(or $(INFRA),secure) --durations 5 \
	  $(or $(TESTS),$(WIRE_TESTS) $(addprefix --ignore ,$(NOT_ON_KAFKA))) $(IN_WORKERS)
ifeq ($(INFRA)$(TESTS),)
	$(BIN)/python -m pytest --infra kafka $(PLAINTEXT_TESTS)
endif

DOCKER_TESTS := tests/integration/runtime/test_abilities.py tests/integration/runtime/test_traps.py \
	tests/integration/runtime/test_transactions.py tests/integration/contract_archive

# Where no registry is reachable: deploy/image/base.sh makes a BASE, and PIP_CONF names a mirror.
image: install  ## Build the services' image (BASE=python:3.11-slim, PIP_CONF=a pip.conf; Docker)
	docker build --tag contract-desk:$$($(BIN)/desk --version | cut -d' ' -f2) \
	  $(if $(BASE),--build-arg BASE=$(BASE)) $(if $(PIP_CONF),--secret id=pip$(comma)src=$(PIP_CONF)) \
	  $(BUILD_OPTIONS) .

comma := ,

# Ryuk, which removes left containers, is an image that no one builds here; pytest removes its own.
test-docker: install $(KAFKA_JARS)/.fetched  ## Run wire tests in containers (Docker); images that the daemon lacks are built here (root)
	tests/containers/build.sh
	TESTCONTAINERS_RYUK_DISABLED=true $(BIN)/python -m pytest --infra docker $(or $(TESTS),$(DOCKER_TESTS))

FERRETDB := tests/ferretdb/target/ferretdb
FERRETDB_TESTS := tests/integration/runtime/test_abilities.py tests/integration/runtime/test_traps.py \
	tests/integration/contract_archive tests/integration/notification/test_on_the_wire.py

$(FERRETDB): tests/ferretdb/main.go tests/ferretdb/go.mod tests/ferretdb/go.sum
	@command -v go >/dev/null || { echo 'go is not on the PATH; install Go 1.24 or newer'; exit 1; }
	cd tests/ferretdb && go build -o target/ferretdb .

test-ferretdb: install $(FERRETDB)  ## Run wire tests on FerretDB, a second database of MongoDB's protocol (Go)
	$(BIN)/python -m pytest --infra ferretdb $(or $(TESTS),$(FERRETDB_TESTS))

FAULTS_REPORT := docs/faults.md
# What of the long run is done. It is played in parts, and resumes where it was stopped.
FAULTS_KEPT := tests/faults/target/long.jsonl

faults: install $(KAFKA_JARS)/.fetched  ## Inject faults into a desk on Apache Kafka and audit it (LONG=1 FRESH=1 ONLY=broker CASES=40 PAUSE=10)
	$(BIN)/python -m tests.faults $(if $(LONG),--long --cases $(or $(CASES),235) --pause $(or $(PAUSE),0.75) --contracts 4000 --part 4 \
	  --kept $(FAULTS_KEPT) --report $(FAULTS_REPORT)) $(if $(FRESH),--fresh) \
	  $(if $(ONLY),--only '$(ONLY)')

upgrade: install  ## Upgrade a desk from the previous release under load and audit it (UPGRADE="--order 'readers first'")
	$(BIN)/python -m tests.upgrade $(UPGRADE)

SPRING_JAR := bench/spring/target/spring-intake.jar

$(SPRING_JAR): bench/spring/pom.xml $(shell find bench/spring/src -type f)
	mvn --batch-mode --quiet --file bench/spring/pom.xml package
	@touch $@

# secantusd-rs, where it is on the PATH, is the faster database; every result names the one it used:
# cargo install secantus-mdb --version 0.5.3-beta.196 --locked --ignore-rust-version
bench: install $(KAFKA_JARS)/.fetched $(SPRING_JAR)  ## Measure speed beside other ways to build it (BENCH="throughput --rounds 5")
	$(BIN)/python -m bench $(BENCH)

bench-parking: install  ## Does a parked contract slow its neighbours? Side by side
	$(BIN)/python -m bench.parked_contract

bench-bounds: install  ## Do the largest records stay small? CPU per message and document sizes
	$(BIN)/python -m bench.bounds $(BOUNDS)

# On Apache Kafka where its jars are, else on the embedded broker; the output says which.
poison: install  ## Feed a desk with random faulty records and audit it (INPUTS=100000 SEED=1)
	$(BIN)/python -m tests.poison --inputs $(or $(INPUTS),100000) --seed $(or $(SEED),1)

lint: install  ## Format check, lint, strict types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install  ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: install  ## Write docs/events.md and metrics.md, the schemas, the AsyncAPI and OpenAPI documents, dashboards and manifests
	$(BIN)/python -m desk.contract_docs
	$(BIN)/python -m services.customer_portal.api > docs/openapi.json
	$(BIN)/python -m shared.telemetry.page > docs/metrics.md
	$(BIN)/python -m deploy.grafana.source
	$(BIN)/python -m deploy.kubernetes.source

# Whatever needs no broker and no database; what the wire tests run beside is not counted.
COVERAGE_TESTS := tests/unit tests/contract tests/integration/notification/test_sender.py \
	tests/poison/test_codec_holds.py

coverage: install  ## Measure the coverage of lines and branches; it may not fall (pyproject.toml; EXAMPLES=few)
	$(BIN)/python -m pytest $(COVERAGE_TESTS) --examples $(or $(EXAMPLES),all) \
	  -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=json --cov-report=
	$(BIN)/python -m tests.gates.coverage

structure: install  ## Count arrows, circles and rooms of the imports, beside the previous release
	$(BIN)/python -m tests.gates.structure

matrix: install  ## Run the unit and contract tests on every Python from 3.11 to 3.14 found here
	$(BIN)/python -m tests.gates.matrix $(TESTS)

# Tools that look at the project from outside; an environment of their own keeps them out of its own.
TOOLS := .venv-tools/bin

.venv-tools/installed: Makefile
	$(PYTHON) -m venv .venv-tools
	$(TOOLS)/python -m pip install --quiet --disable-pip-version-check \
	  uv==0.13.8 pip-audit==2.10.1 cyclonedx-bom==7.5.0 pre-commit==4.7.0
	@touch $@

audit: install .venv-tools/installed  ## Ask whether a dependency has a known vulnerability (exit 3: no answer)
	$(BIN)/python -m tests.gates.audit $(TOOLS)/pip-audit

sbom: .venv-tools/installed  ## Write build/sbom.cdx.json (CycloneDX): what the product itself is made of
	@mkdir -p build
	$(TOOLS)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --extra tracing -c constraints.txt pyproject.toml -o build/product.txt
	$(TOOLS)/cyclonedx-py requirements build/product.txt --pyproject pyproject.toml \
	  --output-reproducible --no-validate --output-file build/sbom.cdx.json

hooks: install .venv-tools/installed  ## Check each commit and push of yours (pre-commit)
	$(TOOLS)/pre-commit install

constraints: install  ## Note the installed versions in constraints.txt, and their hashes
	@{ echo '# The versions this project is tested with. Regenerate with: make constraints'; \
	   $(BIN)/python -m pip freeze --exclude-editable | sort -f; } > constraints.txt
	$(MAKE) hashes

hashes: .venv-tools/installed  ## Pin constraints.txt by hash, for every platform, and what the image is made of
	$(TOOLS)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --extra embedded --extra dev -c constraints.txt pyproject.toml -o constraints.hashed.txt
	$(TOOLS)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --extra tracing -c constraints.txt pyproject.toml -o deploy/image/requirements.txt

clean:  ## Remove what running the desk left behind
	rm -rf .desk
