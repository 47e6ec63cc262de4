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
  void fields(Fields& f);
};

/// The proof of an operator's widths.
struct Width {
  std::optional<std::string> stage;
  std::string node, weights, input, accumulator;
  std::int64_t min = 0, max = 0;
  std::string weights_before, accumulator_before;
  void fields(Fields& f);
};

/// A product whose inputs have different scales.
struct Unit {
  std::optional<std::string> stage;
  std::string node;
  std::int64_t scales = 0, multiplier_bits = 0, weight_bits = 0, weight_bits_before = 0,
               accumulator_bits = 0;
  bool taken = false;
  void fields(Fields& f);
};

struct Remark {
  std::optional<std::string> stage;
  std::string node, text;
  void fields(Fields& f);
};

/// What the passes of one stage did.
struct StageStreamline {
  std::vector<Quantiser> quantisers;
  std::vector<Width> widths;
  std::vector<Unit> units;
  std::vector<Remark> remarks;
  void fields(Fields& f);
};

/// reports/streamline.json: the same of all stages; every entry names its stage.
struct Streamline {
  static constexpr std::string_view kSchema = "assay.streamline/1";
  struct Stage {
    std::string stage, contract;
    void fields(Fields& f);
  };
  bool integer = false;  ///< no real number is left after the last stage
  std::vector<Stage> stages;
  StageStreamline all;
  void fields(Fields& f);
};

}  // namespace assay::report
