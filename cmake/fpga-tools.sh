#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs yosys, nextpnr-ice40, icepack, nextpnr-ecp5 and ecppack (cmake/fpga-tools.txt) into a Python environment of
# their own, where `assay build` finds them. Needs no root. Usage: sh cmake/fpga-tools.sh [FOLDER]
set -eu
here=$(dirname "$0")
data=${XDG_DATA_HOME:-"$HOME/.local/share"}
folder=${1:-"$data/assay/fpga-tools"}
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  echo "fpga-tools: Python cannot make environments; as root: apt-get install python3-venv" >&2
  exit 1
fi
mkdir -p "$(dirname "$folder")"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/fpga-tools.txt"
echo "fpga-tools: installed in $folder"
[ $# -eq 0 ] || echo "fpga-tools: tell assay with ASSAY_FPGA_TOOLS=$folder"
