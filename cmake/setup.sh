# SPDX-License-Identifier: Apache-2.0
# Sourced by ./run and ./test: installs the Debian packages that are missing, then builds build/release.

# What building and running Assay needs.
packages="g++ cmake ninja-build pkgconf mold ccache ca-certificates
  libfmt-dev nlohmann-json3-dev libcli11-dev libgmp-dev libmpfr-dev libtbb-dev libeigen3-dev
  libprotobuf-dev libonnx-dev zlib1g-dev libpng-dev libjpeg-dev libssl-dev libcurl4-openssl-dev
  libsqlite3-dev libtomlplusplus-dev verilator"
# What tests and benchmarks need besides.
test_packages="libgtest-dev libgmock-dev libbenchmark-dev yosys nextpnr-ice40 fpga-icestorm fpga-icestorm-chipdb z3 tcl chromium git python3-numpy clang-14 clang-format-14 clang-tidy-14"

installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_missing PACKAGE...
install_missing() {
  missing=
  for package in "$@"; do
    installed "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  echo "Installing:$missing"
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null; then
      echo "Run as root once: apt-get update && apt-get install --no-install-recommends$missing" >&2
      return 1
    fi
  fi
  $as_root apt-get -qq update
  # Unquoted: one argument per package.
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing
}

# build_release ON|OFF ARGUMENT...: with or without tests and benchmarks.
build_release() {
  echo "Building build/release"
  cmake --preset release -DASSAY_TESTS="$1" -DASSAY_BENCHMARKS="$1" >/dev/null
  shift
  cmake --build --preset release --parallel "$(nproc)" "$@"
}
