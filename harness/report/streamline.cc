// SPDX-License-Identifier: Apache-2.0
#include "harness/report/streamline.h"

namespace assay::report {

void Quantiser::fields(Fields& f) {
  f.where_given("stage", stage);
  f("node", node);
  f("result", result);
  f("checkpoint", checkpoint);
  f.word("form", form, {"plain", "position", "table", "line"});
  f("channels", channels);
  f("steps", steps);
  f.any_sign("min", min);
  f.any_sign("max", max);
  f("bits", bits);
  f("constant_channels", constant_channels);
  f("unreachable", unreachable);
  f("margin", margin);
  f("ties", ties);
  f("fraction_bits", fraction_bits);
  f("pairs", pairs);
  f("inseparable", inseparable);
  f("folded", folded);
}

void Width::fields(Fields& f) {
  f.where_given("stage", stage);
  f("node", node);
  f("weights", weights);
  f("input", input);
  f("accumulator", accumulator);
  f.any_sign("min", min);
  f.any_sign("max", max);
  f("weights_before", weights_before);
  f("accumulator_before", accumulator_before);
}

void Unit::fields(Fields& f) {
  f.where_given("stage", stage);
  f("node", node);
  f("scales", scales);
  f("multiplier_bits", multiplier_bits);
  f("weight_bits", weight_bits);
  f("weight_bits_before", weight_bits_before);
  f("accumulator_bits", accumulator_bits);
  f("taken", taken);
}

void Remark::fields(Fields& f) {
  f.where_given("stage", stage);
  f("node", node);
  f("text", text);
}

void StageStreamline::fields(Fields& f) {
  f("quantisers", quantisers);
  f("widths", widths);
  f("units", units);
  f("remarks", remarks);
}

void Streamline::Stage::fields(Fields& f) {
  f("stage", stage);
  f("contract", contract);
}

void Streamline::fields(Fields& f) {
  f.schema(kSchema);
  f("integer", integer);
  f("stages", stages);
  all.fields(f);
}

}  // namespace assay::report
