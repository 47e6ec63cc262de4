// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/constants.h"

#include "compile/base/error.h"
#include "compile/hw/layer.h"

namespace assay::hw {

std::vector<std::int64_t> integer_constant(const Node& node, std::size_t input) {
  const Tensor* tensor = node.inputs[input];
  if (!tensor->is_constant())
    layer_error(node, fmt::format("input {} must be a constant; fold it first", input));
  const Constant& constant = *tensor->constant;
  if (constant.is_int()) return {constant.ints().begin(), constant.ints().end()};
  std::vector<std::int64_t> values;
  values.reserve(static_cast<std::size_t>(constant.size()));
  for (std::int64_t i = 0; i < constant.size(); ++i) {
    const Real value = constant.real(i);
    const mpz_class whole = value.floor();
    if (!(Real(mpq_class(whole)) == value) || !whole.fits_slong_p())
      layer_error(node, fmt::format("input {} holds {}, which is no integer of 64 bits", input,
                                    value.str()));
    values.push_back(whole.get_si());
  }
  return values;
}

}  // namespace assay::hw
