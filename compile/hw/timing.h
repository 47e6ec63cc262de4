// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

/// When the modules of rtl/ move beats: their handshakes without their data, frame after frame the
/// same. sim/token/token_model.h gives these the meaning, cycle by cycle; every layer says here which of
/// the few patterns its module follows, with the numbers that its RTL has as parameters.
namespace assay::hw {

/// assay_skid.sv: beats that the queue at the end of a layer holds.
inline constexpr std::int64_t kSkidBeats = 2;

/// Equal steps in a row, one a cycle.
struct Phase {
  std::int64_t steps = 1;
  std::uint64_t needs = 1;  ///< inputs, one bit each, that must offer a beat
  std::uint64_t takes = 1;  ///< those of them whose beat is taken
  bool gives = true;        ///< a beat goes into the skid, which must have room
};

/// A controller that goes through phases again and again, in front of a skid: most layers. Or, with
/// `in_front`, behind its one input's spare register: a step goes into the one register at the
/// output, from where the beat that it gives is taken before the next step.
struct PhasesTiming {
  std::vector<Phase> phases;
  bool in_front = false;
};

/// A skid whose beats go to every output, each at its own time (DuplicateStreams), or, with
/// `turns`, turns[i] of them to output i and then to the next (StreamingSplit).
struct HandOutTiming {
  std::vector<std::int64_t> turns;
};

/// assay_fifo.sv.
struct FifoTiming {
  std::int64_t depth = 2;
  bool block = false;
};

/// assay_data_width_converter.sv where it does not just collect: units of a beat on each side.
struct ConverterTiming {
  std::int64_t in = 1, out = 1;
};

/// assay_convolution_input_generator.sv: a ring of `depth` words. The taps of a window are three
/// nested loops, innermost first: how often, and how many words a step goes on. From window to
/// window: in the row, to the next row, to the next frame.
struct WindowTiming {
  std::int64_t depth = 1, columns = 1, rows = 1;
  std::int64_t count[3] = {1, 1, 1}, step[3] = {1, 1, 1};
  std::int64_t column_step = 1, row_step = 1, frame_step = 1;
};

/// assay_pick.sv: a ring of `depth` words. A pixel is `folds` words; from its last one it is
/// column_steps[s] words to the next pixel's first, and row_steps[r] from that of a row. A row that
/// is over frees row_frees[r] words. The first word read is `first`; `unread` ones are never kept.
struct PickTiming {
  std::int64_t depth = 1, folds = 1, first = 0, unread = 0;
  std::vector<std::int64_t> column_steps, row_steps, row_frees;
};

/// Beats of all inputs together into a pipeline that a stall stops as a whole: first, where there
/// are any, `sum_stages` that wait at their end for the next one (assay_weighted_sum.sv), then
/// `stages` that stop whenever the skid behind them is full (assay_threshold_unit.sv).
struct PipelineTiming {
  std::int64_t sum_stages = 0, stages = 2;
};

/// assay_mvu_layer.sv: vectors of `length` beats, each played `repeats` times, a sum of every
/// `length` of them in `sum_stages`, more of deep adder trees, that wait at their end for the next
/// one (assay_mvu.sv); `stages` of thresholds behind it, 0: none. Input 1, if any, gives a beat of
/// weights for every product.
struct ProductTiming {
  std::int64_t length = 1, repeats = 1, stages = 0, sum_stages = 3;
};

/// assay_label_select.sv: of every `beats`, `results` go to all outputs at once.
struct SelectTiming {
  std::int64_t beats = 1, results = 1;
};

using Timing = std::variant<PhasesTiming, HandOutTiming, FifoTiming, ConverterTiming, WindowTiming,
                            PickTiming, PipelineTiming, ProductTiming, SelectTiming>;

}  // namespace assay::hw
