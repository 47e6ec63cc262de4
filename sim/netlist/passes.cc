// SPDX-License-Identifier: Apache-2.0
#include "sim/netlist/passes.h"

#include <cstring>

#include "sim/netlist/program.h"

namespace assay::sim {
namespace {

#define ASSAY_LANES_SPACE portable
#define ASSAY_LANES_BYTES 16
#define ASSAY_LANES_TARGET
#include "sim/netlist/passes_body.h"
#undef ASSAY_LANES_SPACE
#undef ASSAY_LANES_BYTES
#undef ASSAY_LANES_TARGET

#ifdef __x86_64__
#define ASSAY_LANES_SPACE avx2
#define ASSAY_LANES_BYTES 32
#define ASSAY_LANES_TARGET __attribute__((target("avx2")))
#include "sim/netlist/passes_body.h"
#undef ASSAY_LANES_SPACE
#undef ASSAY_LANES_BYTES
#undef ASSAY_LANES_TARGET

#define ASSAY_LANES_SPACE avx512
#define ASSAY_LANES_BYTES 64
#define ASSAY_LANES_TARGET __attribute__((target("avx512f")))
#include "sim/netlist/passes_body.h"
#undef ASSAY_LANES_SPACE
#undef ASSAY_LANES_BYTES
#undef ASSAY_LANES_TARGET
#endif

}  // namespace

const Passes& passes(Instructions instructions) {
#ifdef __x86_64__
  if (instructions == Instructions::kAvx2) return avx2::kPasses;
  if (instructions == Instructions::kAvx512) return avx512::kPasses;
#endif
  return portable::kPasses;
}

bool runs_here(Instructions instructions) {
#ifdef __x86_64__
  if (instructions == Instructions::kAvx2) return __builtin_cpu_supports("avx2") != 0;
  if (instructions == Instructions::kAvx512) return __builtin_cpu_supports("avx512f") != 0;
#endif
  return instructions == Instructions::kPortable;
}

}  // namespace assay::sim
