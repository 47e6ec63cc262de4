#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# driver_test.sh SOURCE: the PYNQ driver's own tests. 77 where no Python here has NumPy.
set -eu
for python in python3 /usr/bin/python3; do
  "$python" -c 'import numpy' 2>/dev/null || continue
  DRIVER_FOLDER="$1/compile/backend/host/pynq" PYTHONDONTWRITEBYTECODE=1 exec "$python" "$1/tests/host/driver_test.py"
done
echo "needs NumPy: apt-get install python3-numpy"
exit 77
