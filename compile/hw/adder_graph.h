// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compile/graph/datatype.h"
#include "compile/hw/threshold_line.h"

/// Products of a vector with a constant matrix as additions of shifted numbers: preferred_impl_style
/// "adder_graph". rtl/assay_adder_layer.sv is around it, compile/backend/verilog/adder_text.h makes its text.
namespace assay::hw {

/// Additions one behind the other, at most, between two registers.
inline constexpr int kAddersPerStage = 4;

/// A number as the hardware has it: exact bounds, over all inputs, and the bits for them.
struct AdderRange {
  std::int64_t low = 0, high = 0;
  bool is_signed() const { return low < 0; }
  int bits() const;  ///< at least 1

  friend bool operator==(const AdderRange&, const AdderRange&) = default;
};

/// A sum of two operands: an index below the inputs is an input, one from there on an adder before this one.
struct Adder {
  enum class Kind : std::uint8_t {
    kAdd,       ///< a + b 2^shift
    kSubtract,  ///< a - b 2^shift
    kReverse,   ///< b 2^shift - a
  };
  Kind kind = Kind::kAdd;
  std::int64_t a = 0, b = 0;
  int shift = 0;
  AdderRange range;
  int level = 1;  ///< additions one behind the other up to and with this one
  int stage = 0;  ///< registers in front of it

  /// Bits that take a full adder: the lowest ones of a + b 2^shift are those of a.
  int adder_bits() const;
  friend bool operator==(const Adder&, const Adder&) = default;
};

/// What a row of the product is: 0 without an operand, else the operand 2^shift, or its negative.
struct AdderOutput {
  std::int64_t operand = -1;
  int shift = 0;
  bool negative = false;
  AdderRange range;
  /// What is added to it; with lines that of its line.
  std::int64_t offset = 0;

  /// With the offset, for which one more adder is.
  AdderRange offset_range() const { return {range.low + offset, range.high + offset}; }
  bool has_adder() const { return negative || offset != 0; }
  friend bool operator==(const AdderOutput&, const AdderOutput&) = default;
};

struct AdderGraph {
  std::int64_t inputs = 0;
  DataType dtype;  ///< of the inputs
  AdderRange input;
  std::vector<Adder> adders;
  std::vector<AdderOutput> outputs;
  /// By row, where the levels of all rows are lines; else none.
  std::vector<ThresholdLine> lines;
  int stages = 0;  ///< registers from inputs to outputs

  const AdderRange& range(std::int64_t operand) const;
  int level(std::int64_t operand) const;
  int stage(std::int64_t operand) const;  ///< of its first appearance
  std::int64_t adder_bits() const;        ///< of all adders, with those at the outputs
  std::int64_t register_bits() const;
  /// By operand: registers behind its first appearance; -1: nobody uses it.
  std::vector<int> delays() const;
  /// "assay_adder_graph_" and a digest of all of the above: of the module that is made of it.
  std::string module() const;
};

/// The graph of out[r] = sum_c in[c] w[c, r], `weights` [columns, rows] row-major, `input` an integer
/// type. Digits of the weights (canonical signed digits) are terms of their rows; the pair of terms
/// that saves most, over all rows, becomes an adder and takes its place in them, again and again
/// until none saves anything. Several orders are tried, the least is taken. Deterministic. A matrix
/// With `lines` every sum has the offset of its line added. A matrix
/// of more than kMaxAdderPairs pairs of terms is cut by its columns, and the parts are summed. The
/// last graphs that were asked for are kept.
std::shared_ptr<const AdderGraph> adder_graph(std::span<const std::int64_t> weights,
                                              std::int64_t rows, const DataType& input,
                                              const std::vector<ThresholdLine>& lines = {});

/// Beyond, and for each part, the work grows with the square of the terms of a row.
inline constexpr std::int64_t kMaxAdderPairs = std::int64_t{1} << 21;

/// Whether the graph, taken as it stands, is the matrix: every adder as the integer vector over the
/// inputs that it is, with the ranges that this has, no operand before its stage. Offsets are those of
/// the graph's lines.
bool is_product(const AdderGraph& graph, std::span<const std::int64_t> weights, std::int64_t rows,
                const DataType& input);

}  // namespace assay::hw
