# A thin front to CMake: the logic is in tools/, the build in CMakePresets.json. Works without it as well (README).
#   PRESET=cpu|cuda|debug|sanitizers|release   what to build (default: cuda where there is nvcc, else cpu)
#   JOBS=N                                     compile jobs (default: bounded by cores and by memory)
.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/bash
PRESET ?= $(shell source tools/common.sh && default_preset)
export PRESET

.PHONY: help setup build demo test sanitizers format format-check tidy bench fuzz docs clean

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

setup: ## Installs what is missing (Debian packages when root; LibTorch, CMake and Ninja into .venv)
	@tools/setup.sh

build: setup ## Builds the library, the program and the tests into build/$PRESET
	@tools/build.sh $(PRESET)

demo: setup ## Explains a sentence with a model that ships with the project
	@tools/demo.sh

test: setup ## Checks the format, builds and runs the tests, as CI does
	@tools/test.sh

sanitizers: setup ## Runs the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/build.sh sanitizers && ctest --preset sanitizers

format: setup ## Formats the sources
	@tools/format.sh

format-check: setup ## Names the sources that are not formatted
	@tools/format.sh --check

tidy: ## Runs clang-tidy
	@tools/setup.sh tools/debian-packages-clang.txt && tools/tidy.sh

bench: setup ## Runs the benchmarks (one of them: tools/bench.sh NAME [argument]...)
	@tools/bench.sh

fuzz: ## Fuzzes the readers of untrusted files, a minute each
	@tools/setup.sh tools/debian-packages-clang.txt && tools/fuzz.sh

docs: ## Makes the pages of the API, in build/docs/api
	@tools/setup.sh tools/debian-packages-docs.txt && .venv/bin/cmake -D OUTPUT=$(CURDIR)/build/docs -P cmake/ApiDocs.cmake

clean: ## Removes what was built (keeps .venv)
	rm -rf build out
