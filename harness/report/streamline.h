// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"

/// What streamlining did.
namespace assay::report {

/// A quantiser that became integer thresholds. `stage`: where the entry stands for itself.
struct Quantiser {
  std::optional<std::string> stage;
  std::string node, result, checkpoint, form;
  std::int64_t channels = 0, steps = 0, min = 0, max = 0, bits = 0, constant_channels = 0,
               unreachable = 0;
  std::optional<double> margin;
  std::int64_t ties = 0, fraction_bits = 0, pairs = 0, inseparable = 0;
  std::vector<std::string> folded;
  void fields(Fields& f) {
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
};

/// The proof of an operator's widths.
struct Width {
  std::optional<std::string> stage;
  std::string node, weights, input, accumulator;
  std::int64_t min = 0, max = 0;
  std::string weights_before, accumulator_before;
  void fields(Fields& f) {
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
};

/// A product whose inputs have different scales.
struct Unit {
  std::optional<std::string> stage;
  std::string node;
  std::int64_t scales = 0, multiplier_bits = 0, weight_bits = 0, weight_bits_before = 0,
               accumulator_bits = 0;
  bool taken = false;
  void fields(Fields& f) {
    f.where_given("stage", stage);
    f("node", node);
    f("scales", scales);
    f("multiplier_bits", multiplier_bits);
    f("weight_bits", weight_bits);
    f("weight_bits_before", weight_bits_before);
    f("accumulator_bits", accumulator_bits);
    f("taken", taken);
  }
};

struct Remark {
  std::optional<std::string> stage;
  std::string node, text;
  void fields(Fields& f) {
    f.where_given("stage", stage);
    f("node", node);
    f("text", text);
  }
};

/// What the passes of one stage did.
struct StageStreamline {
  std::vector<Quantiser> quantisers;
  std::vector<Width> widths;
  std::vector<Unit> units;
  std::vector<Remark> remarks;
  void fields(Fields& f) {
    f("quantisers", quantisers);
    f("widths", widths);
    f("units", units);
    f("remarks", remarks);
  }
};

/// reports/streamline.json: the same of all stages; every entry names its stage.
struct Streamline {
  static constexpr std::string_view kSchema = "assay.streamline/1";
  struct Stage {
    std::string stage, contract;
    void fields(Fields& f) {
      f("stage", stage);
      f("contract", contract);
    }
  };
  bool integer = false;  ///< no real number is left after the last stage
  std::vector<Stage> stages;
  StageStreamline all;
  void fields(Fields& f) {
    f.schema(kSchema);
    f("integer", integer);
    f("stages", stages);
    all.fields(f);
  }
};

}  // namespace assay::report
