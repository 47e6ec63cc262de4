#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# host_test.sh SOURCE: the host in C by its own tests, and against driver.py where a Python here has NumPy.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$1"/compile/backend/host/c/* "$1"/tests/host/*.c "$work"
cd "$work"
# What is generated of the registers, as the host asks for it.
cat > assay_registers.h <<'END'
#define ASSAY_REGISTER_CONTROL 0x00u
#define ASSAY_REGISTER_BASE_LOW 0x10u
#define ASSAY_REGISTER_BASE_HIGH 0x14u
#define ASSAY_REGISTER_FRAMES 0x1cu
#define ASSAY_REGISTER_ERROR 0x24u
#define ASSAY_REGISTER_CYCLES_LOW 0x28u
#define ASSAY_REGISTER_CYCLES_HIGH 0x2cu
#define ASSAY_REGISTER_BEAT_BYTES 0x34u
#define ASSAY_REGISTER_FRAME_BEATS 0x38u
#define ASSAY_REGISTER_MEMORY_BITS 0x3cu
#define ASSAY_REGISTER_HASH_0 0x40u
#define ASSAY_WEIGHTS_HOLD 0x00u
#define ASSAY_WEIGHTS_HELD 0x04u
#define ASSAY_WEIGHTS_VERSION 0x08u
#define ASSAY_WEIGHTS_WORDS 0x0cu
#define ASSAY_WEIGHTS_PAGE 0x14u
#define ASSAY_WEIGHTS_WINDOW 0x1000u
#define ASSAY_WEIGHTS_PAGE_BYTES 0x8000u
#define ASSAY_BIT_CONTROL_START 1u
#define ASSAY_BIT_CONTROL_DONE 2u
#define ASSAY_BIT_CONTROL_IDLE 4u
static const struct {
  unsigned bit;
  const char *name, *meaning;
} assay_mover_errors[] = {{1, "decode_error", "a response of the memory was DECERR"}};
END
strict="-std=c99 -pedantic -Wall -Wextra -Werror -O1 -fsanitize=address,undefined -fno-sanitize-recover=all"
gcc $strict -o host_test host_test.c assay_host.c
./host_test
gcc $strict -o pack_lines pack_lines.c assay_host.c
for python in python3 /usr/bin/python3; do
  "$python" -c 'import numpy' 2>/dev/null || continue
  DRIVER_FOLDER="$1/compile/backend/host/pynq" PYTHONDONTWRITEBYTECODE=1 "$python" "$1/tests/host/pack_test.py" "$work/pack_lines"
  exit
done
echo "not compared with driver.py, which needs NumPy: apt-get install python3-numpy"
