# Each target sets up what it needs: a fresh clone and `make run` or `make test` are enough.
#   RUN_ARGS, TEST_ARGS, BENCH_ARGS, FAULT_ARGS, ALERT_ARGS, MUTATE_ARGS   further arguments, e.g. make test TEST_ARGS="-k signing"
#   BASE, COMPARE_ARGS                the revision that make bench-compare compares with; further arguments
#   CAPACITY_ARGS, SOAK_ARGS, SIMULATION_ARGS   those of make capacity, make soak-long and make simulate-large
#   EXAMPLES                          how many examples of each property make properties tries, 1000
#   FUZZ_SECONDS                      how long each target of make fuzz runs, 300
#   SIMULATION_SEEDS, SEED            how many seeds make simulate runs, 20000; one to replay
#   SCHEMATHESIS_SECONDS, SCHEMATHESIS_SEED   how long make schemathesis runs, 900; which requests
#   UV_PYTHON                         another interpreter, e.g. UV_PYTHON=3.14 make test

UV ?= ./.ci/uv
VENV := $(or $(UV_PROJECT_ENVIRONMENT),.venv)
BIN := $(VENV)/bin
FUZZER := services/worker/tests/fuzz/coverage_guided.py
FUZZ_SECONDS ?= 300
# Programs that import their neighbours by plain names: mypy checks them from where they run.
SCRIPT_FOLDERS := tests-e2e/benchmarks tests-e2e/receiver libs/receiver/examples services/worker/tests/fuzz deploy/grafana docs/hooks
# Sources of the console and the portal; the Node in .venv checks them.
WEB := libs/console/web
API_DOCUMENT := $(WEB)/api/openapi.json
# Built by Go from the module registry, with fixed versions.
HELM_TOOLS := .cache/helm-tools
HELM_VERSION := v3.22.0
KUBECONFORM_VERSION := v0.8.0
SIMULATION_SEEDS ?= 20000
EXAMPLES ?= 1000
PROMETHEUS_VERSION ?= v0.316.0
SIMULATION := PYTHONPATH=services/worker/tests $(BIN)/python -m simulation.simulate

# Compiled once, modules load in a third of the time; some environments switch that off.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup run test test-sdks test-signatures test-walk test-otel-collector test-outbox-mariadb schemathesis properties simulate faults faults-backlog faults-outbox fuzz mutate coverage lint types imports api-document bench bench-features bench-search bench-outbox bench-replicas bench-peers check-alerts test-alerts docs reference screenshots helm-render helm-test test-containers test-pgbouncer bench-compare test-sender-sdks simulate-large soak-long bench-capacity capacity bench-instructions clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' Makefile

setup: ## Install everything the other targets need into .venv
	@[ -x $(BIN)/angarium ] || echo "Setting up $(VENV)"
	@if [ -x $(BIN)/angarium ]; then quiet=--quiet; else quiet=; fi; \
	$(UV) sync --locked $$quiet

run: setup ## Start the platform with its demo; Ctrl-C stops it
	@exec $(BIN)/angarium dev --demo $(RUN_ARGS)

test: setup ## Run every test
	@$(BIN)/pytest -n 4 --dist worksteal $(TEST_ARGS)

faults: setup ## Break everything under load, and compare the ledgers
	@exec $(BIN)/python -m tests-e2e.faults.run_suite $(FAULT_ARGS)

faults-backlog: setup ## Let a million messages wait for receivers that are down: some 12 minutes
	@FAULTS_BACKLOG=1000000 exec $(BIN)/python -m tests-e2e.faults.run_suite --only backlog $(FAULT_ARGS)

faults-outbox: setup ## Kill relays of the outbox and the platform under load, and compare: some minutes
	@exec $(BIN)/python -m tests-e2e.faults.outbox_trial $(FAULT_ARGS)

properties: setup ## Test every property with EXAMPLES examples, 1000 instead of 50
	@ANGARIUM_TEST_EXAMPLES=$(EXAMPLES) \
	$(BIN)/pytest -n 2 --dist worksteal -m hypothesis --timeout=3600 $(TEST_ARGS)

simulate: setup ## Run the worker in SIMULATION_SEEDS simulated worlds, or replay SEED
	@$(SIMULATION) $(or $(SEED),--seeds $(SIMULATION_SEEDS))

simulate-large: setup ## Run a hundred workers with 10,000 endpoints in simulated time: some minutes
	@PYTHONPATH=services/worker/tests $(BIN)/python -m simulation.simulate_large $(SIMULATION_ARGS)

soak-long: setup ## Post 50 million messages in slices, and go on after an interruption: some hours
	@exec $(BIN)/python tests-e2e/benchmarks/soak_long.py $(SOAK_ARGS)

fuzz: setup ## Fuzz responses and URLs, guided by coverage, FUZZ_SECONDS each
	@$(UV) sync --locked --quiet --group fuzz
	@$(BIN)/python $(FUZZER) response $(FUZZ_SECONDS) .cache/fuzz/response
	@$(BIN)/python $(FUZZER) url $(FUZZ_SECONDS) .cache/fuzz/url

test-sdks: setup ## Test SDKs that need a toolchain of their own: Go, Java, Kotlin
	@$(BIN)/pytest -n 0 tests-e2e/sdk/toolchains/sdk_programs.py $(TEST_ARGS)

test-signatures: setup ## Test the guide's receivers in Go, Java, Ruby and PHP, which must be there
	@$(BIN)/pytest -n 0 tests-e2e/documentation/signature_programs.py $(TEST_ARGS)

test-sender-sdks: setup ## Test the receiver beside SDKs of senders: Linear, Shopify, Zoom, Intercom, DocuSign
	@$(BIN)/pytest -n 0 libs/receiver/tests/sdks/sender_sdks.py $(TEST_ARGS)

test-walk: setup ## Bring the platform up, break it and restore it, by the guides alone: a minute
	@$(BIN)/pytest -n 0 tests-e2e/documentation/walk_programs.py $(TEST_ARGS)

test-otel-collector: setup ## Test traces through the real OpenTelemetry Collector: needs Go
	@$(BIN)/pytest -n 0 tests-e2e/traces/real_collector.py $(TEST_ARGS)

test-outbox-mariadb: setup ## Test the outbox on MariaDB: needs mariadbd, or ANGARIUM_TEST_MARIADB_URL
	@$(BIN)/pytest -n 0 libs/outbox/tests/integration/on_mariadb.py $(TEST_ARGS)

test-pgbouncer: setup ## Test the platform through PgBouncer, which must be there
	@$(BIN)/pytest -n 0 tests-e2e/deployment/pooler_programs.py $(TEST_ARGS)

test-containers: setup ## Test docker-compose.yml with Docker, on the image built or TEST_IMAGE
	@$(BIN)/pytest -n 0 tests-e2e/deployment/container_programs.py $(TEST_ARGS)

schemathesis: setup ## Send every operation valid and wrong requests for SCHEMATHESIS_SECONDS, 900
	@SCHEMATHESIS_SECONDS=$(or $(SCHEMATHESIS_SECONDS),900) \
	$(BIN)/pytest -n 0 tests-e2e/api_document $(TEST_ARGS)

mutate: setup ## Change the code in small ways and see whether tests notice: some hours
	@$(UV) sync --locked --quiet --group mutation
	@exec $(BIN)/python -m tests-e2e.mutations.run $(MUTATE_ARGS)

coverage: setup ## Run every test, and show the lines and branches that none of them reaches
	@$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=html --cov-report=term-missing $(TEST_ARGS)

lint: setup ## Check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python libs/console/build_assets.py
	@PATH="$(abspath $(BIN)):$$PATH" npm --prefix $(WEB) run --silent check

types: setup ## Check types, of the tests too, strictly
	@$(BIN)/mypy
	@MYPYPATH=$(subst $(eval ) ,:,$(SCRIPT_FOLDERS)) $(BIN)/mypy $(foreach at,$(SCRIPT_FOLDERS),$(wildcard $(at)/*.py))

imports: setup ## Check which package may import which
	@$(BIN)/lint-imports --no-logo

api-document: ## Write the API's document that the console's types are made of
	@$(BIN)/python -m angarium_gateway.administration.client_document > $(API_DOCUMENT).new
	@mv $(API_DOCUMENT).new $(API_DOCUMENT)

bench: setup ## Measure throughput, latency, CPU and memory
	@exec $(BIN)/python tests-e2e/benchmarks/bench.py $(BENCH_ARGS)

bench-instructions: setup ## Count the instructions of a message in each service; needs valgrind
	@exec $(BIN)/python tests-e2e/benchmarks/count_instructions.py $(BENCH_ARGS)

bench-compare: setup ## Compare the working tree with BASE, a revision (HEAD): both are built, and alternate
	@exec $(BIN)/python tests-e2e/benchmarks/compare_revisions.py $(or $(BASE),HEAD) $(COMPARE_ARGS)
bench-capacity: setup ## Measure what a message costs, for make capacity: some 20 minutes
	@$(BIN)/python tests-e2e/benchmarks/measure_capacity.py $(BENCH_ARGS)
	@$(BIN)/python tests-e2e/benchmarks/capacity.py --write

capacity: setup ## Say what 1,000 to 1,000,000 messages a second of a workload need
	@$(BIN)/python tests-e2e/benchmarks/capacity.py $(CAPACITY_ARGS)

bench-features: setup ## Measure what filters, schemas, formats, pollers, listeners and OAuth 2 cost, in alternation: some minutes
	@exec $(BIN)/python tests-e2e/benchmarks/compare_features.py $(BENCH_ARGS)

bench-search: setup ## Measure what a page of a search costs in a full ledger
	@exec $(BIN)/python tests-e2e/benchmarks/search_plans.py $(BENCH_ARGS)

bench-replicas: setup ## Measure many replicas of each service beside one, and adding and removing them: some minutes
	@exec $(BIN)/python tests-e2e/benchmarks/replicas.py $(BENCH_ARGS)

bench-peers: setup ## Measure Angarium beside Outpost, which Go builds, and the Svix server, if given: some 15 minutes
	@exec $(BIN)/python tests-e2e/benchmarks/compare_peers.py $(BENCH_ARGS)

bench-outbox: setup ## Measure events through the relay of the outbox, and their latency
	@exec $(BIN)/python tests-e2e/benchmarks/outbox_relay.py $(BENCH_ARGS)

test-alerts: setup ## Break what every alert watches, and see it fire in Prometheus, which Go builds: some 20 minutes
	@# Without the pages of its UI, which need Node, and without service discovery.
	@GOBIN=$(abspath .cache/bin) go install -tags remove_all_sd github.com/prometheus/prometheus/cmd/prometheus@$(PROMETHEUS_VERSION)
	@exec $(BIN)/python -m tests-e2e.alerts.run_alerts .cache/bin/prometheus $(ALERT_ARGS)

check-alerts: ## Check the rules of Prometheus with promtool, which Go builds: some minutes the first time
	@# Without service discovery, which rules do not need, it builds in a fraction of the time.
	@GOBIN=$(abspath .cache/bin) go install -tags remove_all_sd github.com/prometheus/prometheus/cmd/promtool@$(PROMETHEUS_VERSION)
	@cd deploy/prometheus && $(abspath .cache/bin)/promtool check rules angarium-rules.yml angarium-alerts.yml
	@cd deploy/prometheus && $(abspath .cache/bin)/promtool test rules angarium-alerts.test.yml

docs: setup ## Build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

reference: setup ## Write the pages of the reference that are made of the code
	@$(BIN)/python -m tests-e2e.reference.write

screenshots: setup ## Take the documentation's pictures of the portal and the console
	@$(BIN)/python -m tests-e2e.browser.screenshots

$(HELM_TOOLS)/helm-$(HELM_VERSION):
	@echo "Building helm $(HELM_VERSION): some minutes, once"
	@GOBIN=$(abspath $(HELM_TOOLS)) go install helm.sh/helm/v3/cmd/helm@$(HELM_VERSION)
	@touch $@

$(HELM_TOOLS)/kubeconform-$(KUBECONFORM_VERSION):
	@GOBIN=$(abspath $(HELM_TOOLS)) go install github.com/yannh/kubeconform/cmd/kubeconform@$(KUBECONFORM_VERSION)
	@touch $@

helm-render: setup $(HELM_TOOLS)/helm-$(HELM_VERSION) ## Render the Helm chart into deploy/helm/tests; needs Go
	@$(BIN)/python -m tests-e2e.deployment.render_chart $(HELM_TOOLS)/helm

helm-test: setup $(HELM_TOOLS)/helm-$(HELM_VERSION) $(HELM_TOOLS)/kubeconform-$(KUBECONFORM_VERSION) ## Test the chart with helm and kubeconform; needs Go
	@HELM_TOOLS=$(HELM_TOOLS) $(BIN)/pytest -n 0 tests-e2e/deployment/helm_programs.py $(TEST_ARGS)

clean: ## Remove what the other targets made, except the platform's data
	rm -rf $(VENV) .uv .cache site htmlcov .coverage .coverage.* \
		.mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
