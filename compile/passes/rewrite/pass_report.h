// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compile/graph/datatype.h"

/// What streamlining did, for people and for reports/streamline.json.
namespace assay {

/// One quantiser that became integer thresholds.
struct QuantiserReport {
  /// How the thresholds compare.
  enum class Form : std::uint8_t {
    kPlain,     ///< one row of thresholds per channel on one integer
    kPosition,  ///< rows depend on the position (an offset under padding)
    kTable,     ///< rows depend on the value of a second integer
    kLine,      ///< an integer combination of several integers
  };
  std::string node;        ///< in the graph before
  std::string result;      ///< the node that stands for it
  std::string checkpoint;  ///< the checkpoint that it carries; empty: none
  Form form = Form::kPlain;
  std::int64_t channels = 0, steps = 0;  ///< rows and thresholds per row
  std::int64_t min = 0, max = 0;         ///< proved range of the integer that is compared
  int bits = 0;                          ///< that hold this range
  std::int64_t constant_channels = 0;    ///< rows whose output cannot change
  std::int64_t unreachable = 0;          ///< thresholds that no input reaches
  /// The least distance of a reachable value from a step of the quantiser, in steps; 0 is a tie.
  /// Negative: nothing reachable has a neighbouring step.
  double margin = -1;
  std::int64_t ties = 0;  ///< thresholds at which a reachable value meets a step exactly
  // Joins only
  int fraction_bits = 0;         ///< the largest f of a channel, in line form
  std::int64_t pairs = 0;        ///< combinations of the other inputs that were enumerated
  std::int64_t inseparable = 0;  ///< wrongly decided combinations under --join-bits; else 0
  std::vector<std::string>
      folded;  ///< nodes whose factors, offsets and clamps are in the thresholds
};
std::string_view quantiser_form_name(QuantiserReport::Form form);  ///< "plain", "position", ...

/// An operator that multiplies and accumulates, with its proof of widths.
struct WidthReport {
  std::string node;
  DataType weights, input, accumulator;
  std::int64_t min = 0, max = 0;  ///< worst case over the actual weights and the input's range
  DataType weights_before, accumulator_before;
};

/// A product whose inputs have different scales. In one unit of all of them its weights are
/// multiplied by integers in proportion to the scales.
struct UnitReport {
  std::string node;
  std::int64_t scales = 0;   ///< different ones
  int multiplier_bits = 0;   ///< of those integers
  int weight_bits = 0;       ///< of the weights with them, sign included
  int accumulator_bits = 0;  ///< of the sums, by the worst case over the actual weights
  int weight_bits_before = 0;
  bool taken = false;  ///< else one product for each scale, as more bits than allowed are needed
};

/// Something else that a step did: "logits: 10 classes ranked by 4 fraction bits".
struct StepRemark {
  std::string node, text;
};

struct PassReport {
  std::vector<QuantiserReport> quantisers;
  std::vector<WidthReport> widths;
  std::vector<UnitReport> units;
  std::vector<StepRemark> remarks;
  std::vector<std::string> constant_outputs;  ///< that no reachable input changes
};

}  // namespace assay
