# A thin front to meson and ninja. Every target first installs the Debian packages that it lacks (tools/packages).
#
#   make              build/sonde, build/libsonde.so, build/libsonde.a
#   make demo         the walk of the README on examples/bigbytes.c; ends by itself
#   make test         every test, under gcc, clang and the sanitizers
#   make test-guests  other people's programs under `sonde run`, compared with plain runs
#   make lint         layout, linter, man pages
#   make bench        figures against peers in the same run (docs/performance.md says what they mean)
#   make difftest     go tool pprof and sonde pprof side by side; SEED=... N=...
#   make addresses    names and lines of every address, against addr2line, llvm-symbolizer and Go's addr2line
#   make fuzz         every decoder's fuzz target, a minute each (FUZZ_SECONDS); fuzz-long: half an hour each
#   make install      into PREFIX (/usr/local)

PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60

.PHONY: all demo test test-guests lint bench difftest addresses fuzz fuzz-long install clean
all: build/build.ninja
	@ninja -C build

build/build.ninja:
	@tools/setup build
	@CC="$${CC:-gcc}" meson setup build --werror --prefix=$(PREFIX)

demo: all
	@tools/demo

test:
	@tools/setup build test
	@tools/run-tests

test-guests: all
	@tools/setup test
	@tests/guests/run

lint:
	@tools/setup build test
	@$(MAKE) --no-print-directory all >build.log || { tail -n 40 build.log; false; }
	@tools/lint

bench: all
	@tools/setup bench
	@bench/run

difftest: all
	@tools/setup test
	@tests/cli/difftest.py build

addresses: all
	@tools/setup test
	@ALL=1 tests/symbol/addresses_test.py build/tests/symbol/symbol-addresses .

fuzz:
	@tools/setup build test
	@tools/fuzz $(FUZZ_SECONDS)

fuzz-long:
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=1800

install: all
	@meson install -C build

clean:
	rm -rf build build-* build.log
