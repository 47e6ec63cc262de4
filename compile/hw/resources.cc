// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/resources.h"

#include "compile/base/error.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {

Resources& Resources::operator+=(const Resources& other) {
  lut += other.lut;
  ff += other.ff;
  bram += other.bram;
  dsp += other.dsp;
  return *this;
}

Resources& Resources::operator-=(const Resources& other) {
  lut -= other.lut;
  ff -= other.ff;
  bram -= other.bram;
  dsp -= other.dsp;
  return *this;
}

Resources estimate_resources(const Layer& layer, Family family, bool has_dsp) {
  ASSAY_INVARIANT(layer.estimate, "a layer that build_layer() has not made has no estimate");
  ResourceModel m(family, has_dsp);
  layer.estimate(m, ModuleParameters(layer));
  return m.total();
}

}  // namespace assay::hw
