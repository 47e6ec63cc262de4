// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compile/graph/ops.h"

/// What the hardware layers share as operators of the IR. Each layer is a header of compile/graph/hw,
/// which says what it computes, on integer tensors, channels last: its fields and its shapes.
/// compile/hw says how it becomes hardware, golden/hw executes it. The batch axis N is 1.
///
/// A stream is the row-major sequence of its tensor's elements; a beat carries the next `lanes` of
/// them. Where a layer needs another order than (h, w, c), the tensor is declared in that order:
///
///     grouped order of K taps and C channels at fold P:   (c / P, k, c % P)     [.., C*K]
///
/// so that P channels of one tap are neighbours. Field names are those of FINN where it has them.
///
/// Every header ends with the stem of the layer's files as a name of its operator, stems::<stem>.
/// The build lists the headers: for each of them generated/hw_layers.def has ASSAY_HW_LAYER(<stem>),
/// from which declarations and tables of all layers are made.
namespace assay::hw {

inline constexpr std::string_view kHwDomain = "assay.hw";

/// What all hardware layers share.
struct HwOp : Op {
  std::int64_t partition = -1;  ///< the dataflow partition the node belongs to; -1: none yet
  /// Weights, thresholds and buffers: "auto" (not decided yet), "distributed" (LUTs) or "block".
  std::string ram_style = "auto";
  /// What the user wants of the FIFO at each input and output stream, in the layer's order: its
  /// depth in beats, 1: none, 0: the flow sizes it. Empty: it sizes them all.
  std::vector<std::int64_t> in_fifo_depths, out_fifo_depths;
  void fields(FieldVisitor& v) override;
  /// Whether every output holds the elements of the only input, in their order.
  virtual bool copies() const { return false; }

 protected:
  // For infer(): what several layers ask of their inputs.

  /// Sizes up to here neither overflow nor occur.
  static constexpr std::int64_t kMaxField = 1 << 24;
  static const Shape& image_shape(const InferContext& c);  ///< X, which is [N,H,W,C]
  static const Shape& vectors(const InferContext& c);      ///< X, which is [.., C]
  /// Two numbers from 1 to kMaxField.
  static void check_pair(const InferContext& c, const std::vector<std::int64_t>& values,
                         std::string_view name);
  /// The inputs from `first` on have one shape.
  static void check_equal(const InferContext& c, std::size_t first);
  static void keep_shape(InferContext& c);  ///< the output has the shape of X
};

template <typename Self>
struct HwOpOf : HwOp {
  static constexpr std::string_view kDomain = kHwDomain;
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kOutputs = 1;
  std::string_view type() const override { return Self::kType; }
  std::string_view domain() const override { return Self::kDomain; }
  std::unique_ptr<Op> clone() const override {
    return std::make_unique<Self>(static_cast<const Self&>(*this));
  }
};

/// How counted thresholds become values: out = out_scale * #{k : x >= T_k} + out_bias. BIPOLAR
/// outputs have out_scale 2 and out_bias -1, all others out_scale 1.
struct Levels {
  DataType out_dtype;
  std::int64_t out_scale = 1, out_bias = 0;
  void visit(FieldVisitor& v);
};

/// What MVAU and VVAU share.
struct MultiplyOp : HwOp {
  Levels levels;       ///< used when there are thresholds
  DataType acc_dtype;  ///< holds every sum (proved); the output's type without thresholds
  std::int64_t pe = 1, simd = 1;
  std::string mem_mode = "embedded";  ///< weights: "embedded", "decoupled" or "external"
  /// Products: "auto" (not decided yet), "popcount" (bit planes), "lut" or "dsp" (multipliers),
  /// "packed" (as many rows to a DSP block as it has room for), or "adder_graph" (a constant matrix at
  /// once, as adders that rows share).
  std::string preferred_impl_style = "auto";
  /// Whether a host can write weights and thresholds while the accelerator is held.
  bool runtime_writeable_weights = false;
  void fields(FieldVisitor& v) override;

 protected:
  /// X [.., inputs], W [.., R], T? [R or 1, steps] -> [.., R].
  static void infer_product(InferContext& c, std::int64_t inputs);
};

}  // namespace assay::hw
