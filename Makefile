# A thin front to meson and ninja. tools/packages holds the list of Debian packages and installs what is missing.
.PHONY: all clean
all: build/build.ninja
	@ninja -C build

build/build.ninja:
	@meson setup build --werror

clean:
	rm -rf build build-*
