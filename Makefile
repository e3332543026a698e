# make run    build, load sample data if there are no sales yet, train, serve
# make test   set up and run every test
# make lint   formatting, lints, documentation
# make test-cluster  trainings on a Dask and a Spark cluster, which are started here; makes the Python for them, and needs Java for Spark
# make faults what goes wrong goes wrong often: kills, full disks, flipped bits, a day with a fault a minute, nonsense; two hours
# make bench  the server under load beside an empty route; bench-in-process: its parts beside the raw engines;
#             bench-growth: millions of sales and requests

CARGO ?= cargo
ADDR ?= 127.0.0.1:8080
DIAMONDS = $(CARGO) run --release --quiet --bin diamonds --

.PHONY: run test test-cluster lint faults bench bench-in-process bench-growth build setup

run: build
	@case "$$($(DIAMONDS) --json sql 'SELECT count(*) AS sales FROM sale' 2>/dev/null)" in \
		''|*'"sales":0}'*) $(DIAMONDS) ingest sample_data/sales.csv ;; \
	esac
	@case "$$($(DIAMONDS) --json sql 'SELECT count(*) AS champions FROM champion' 2>/dev/null)" in \
		*'"champions":0}'*) $(DIAMONDS) retrain ;; \
	esac
	@$(DIAMONDS) serve --addr $(ADDR)

# tests that need what is not here pass and are counted at the end
test: setup
	@skipped=$$(mktemp) && export DIAMONDS_SKIPPED="$$skipped" && \
		{ CARGO="$(CARGO)" .ci/build --release --tests && $(CARGO) test --release && status=0 || status=$$?; } && \
		if [ -s "$$skipped" ]; then \
			echo "skipped: $$(wc -l <"$$skipped" | tr -d ' ') tests"; cut -d: -f1 "$$skipped" | sort | uniq -c; \
		else echo "skipped: no test"; fi; \
		rm -f "$$skipped"; exit $$status

test-cluster: setup
	@.ci/cluster-python dask spark
	$(CARGO) test --release --test it exchange::

# kills, full disks, files that go: as in the tests, for longer
SEED ?= $(shell date +%s)
FAULTS = DIAMONDS_KILLS=1000 DIAMONDS_FULL_DISKS=200 DIAMONDS_FLIPS=500 DIAMONDS_MINUTES=1440 DIAMONDS_NONSENSE=1000000 \
	DIAMONDS_SEED=$(SEED)
faults: setup
	$(FAULTS) $(CARGO) test --release --test it -- --nocapture faults:: fuzzing:: growing::

lint: setup
	$(CARGO) fmt --check
	$(CARGO) clippy --release --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --no-deps --document-private-items

bench: build
	$(CARGO) build --release --example empty_route --example steady_load
	@benches/load/run

bench-in-process: setup
	$(CARGO) bench --profile release --bench in_process

bench-growth: build
	$(CARGO) run --release --quiet --example growth -- "$$($(CARGO) metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/diamonds"

build: setup
	@echo "Building. The first time DuckDB and XGBoost are compiled: up to 40 minutes on two cores; after that, what has changed."
	@CARGO="$(CARGO)" .ci/build --release

setup:
	@.ci/install-build-tools
