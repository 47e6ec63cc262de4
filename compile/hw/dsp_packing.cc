// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/dsp_packing.h"

#include <algorithm>

namespace assay::hw {
namespace {

bool has_no_zero(const DataType& type) { return type.kind == DataType::Kind::kBipolar; }

/// Whether fields are from 0 on and have the parity of their products.
bool can_share(const DataType& x, const DataType& w) {
  if (!x.is_integer() || !w.is_integer() || has_no_zero(x) || has_no_zero(w)) return false;
  if (x.bits < 2 || w.bits < 2) return false;
  if (x.is_signed() && (!w.is_signed() || w.bits > x.bits)) return false;
  return x.bits + (x.is_signed() ? 0 : 1) <= kDspNarrowBits;
}

}  // namespace

DspPacking dsp_packing(const DataType& x, const DataType& w, std::int64_t rows) {
  if (!can_share(x, w)) return {};
  const int field = x.bits + w.bits - (x.is_signed() ? 1 : 0),
            top = w.bits + (w.is_signed() ? 0 : 1);
  DspPacking best;
  for (const int spacing : {field, field - 1}) {  // fields that overlap cost logic
    const std::int64_t lanes = std::min<std::int64_t>(rows, 1 + (kDspWideBits - top) / spacing);
    if (kDspWideBits >= top && lanes > best.lanes) best = {lanes, spacing};
  }
  return best;
}

}  // namespace assay::hw
