# SPDX-License-Identifier: Apache-2.0
# Sourced by ./run and ./test: installs the Debian packages that are missing, then builds build/release.

packages="g++ cmake ninja-build pkgconf ca-certificates
  libfmt-dev nlohmann-json3-dev libcli11-dev libgmp-dev libmpfr-dev libtbb-dev libeigen3-dev
  libprotobuf-dev libonnx-dev zlib1g-dev libpng-dev libssl-dev libcurl4-openssl-dev
  libsqlite3-dev libtomlplusplus-dev
  libgtest-dev libgmock-dev libbenchmark-dev verilator yosys chromium"

installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_missing() {
  missing=
  for package in $packages; do
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

build_release() {
  echo "Building build/release"
  cmake --preset release >/dev/null
  cmake --build --preset release --parallel "$(nproc)" "$@"
}
