// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compile/graph/ops.h"

/// The hardware layers as operators of the IR: what each computes, on integer tensors, channels
/// last. compile/hw says how a layer becomes hardware, golden/hw executes it. The batch axis N
/// is 1.
///
/// A stream is the row-major sequence of its tensor's elements; a beat carries the next `lanes` of
/// them. Where a layer needs another order than (h, w, c), the tensor is declared in that order:
///
///     grouped order of K taps and C channels at fold P:   (c / P, k, c % P)     [.., C*K]
///
/// so that P channels of one tap are neighbours. Field names are those of FINN where it has them.
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

// ---- Windows ----------------------------------------------------------------------------------

/// X [N,H,W,C]. Puts insert[i] - 1 elements of pad_value between neighbours along axis 1 + i
/// (transposed convolutions), then pads [top, left, bottom, right] of them around:
/// [N, (H-1)*insert[0]+1+top+bottom, (W-1)*insert[1]+1+left+right, C].
struct FMPadding final : HwOpOf<FMPadding> {
  static constexpr std::string_view kType = "FMPadding";
  std::vector<std::int64_t> pads = {0, 0, 0, 0}, insert = {1, 1};
  std::int64_t pad_value = 0, simd = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// X [N,H,W,C] -> [N,OH,OW,KH*KW*C], the window at each output position, no padding. Innermost
/// order (kh, kw, c); `depthwise`: grouped, (c / SIMD, kh, kw, c % SIMD). A beat carries SIMD
/// elements; with `parallel_window` a whole window of SIMD channels (KH*KW*SIMD elements), for
/// which SIMD is C unless `depthwise`.
struct ConvolutionInputGenerator final : HwOpOf<ConvolutionInputGenerator> {
  static constexpr std::string_view kType = "ConvolutionInputGenerator";
  std::vector<std::int64_t> kernel = {1, 1}, stride = {1, 1}, dilation = {1, 1};
  std::int64_t simd = 1;
  bool depthwise = false, parallel_window = false;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

// ---- Multiply and accumulate ------------------------------------------------------------------

/// What MVAU and VVAU share.
struct MultiplyOp : HwOp {
  Levels levels;       ///< used when there are thresholds
  DataType acc_dtype;  ///< holds every sum (proved); the output's type without thresholds
  std::int64_t pe = 1, simd = 1;
  std::string mem_mode = "embedded";  ///< weights: "embedded", "decoupled" or "external"
  /// Products: "auto" (not decided yet), "popcount" (bit planes), "lut" or "dsp" (multipliers).
  std::string preferred_impl_style = "auto";
  void fields(FieldVisitor& v) override;
};

/// X [.., MW], W [MW, MH], T? [MH or 1, steps]: acc = X * W, or with `xnor` (X and W BINARY) the
/// count of equal bits; with thresholds out = levels of acc, row by row.
struct MVAU final : MultiplyOp {
  static constexpr std::string_view kType = "MVAU", kDomain = kHwDomain;
  static constexpr int kMinInputs = 2, kMaxInputs = 3, kOutputs = 1;
  bool xnor = false;
  std::string_view type() const override { return kType; }
  std::string_view domain() const override { return kDomain; }
  std::unique_ptr<Op> clone() const override { return std::make_unique<MVAU>(*this); }
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// Depthwise. X [.., C*K] grouped at PE, (c / PE, k, c % PE), W [K, C], T? [C or 1, steps]:
/// acc[c] = sum_k X[k, c] * W[k, c]; [.., C]. A beat of X carries SIMD taps of PE channels.
struct VVAU final : MultiplyOp {
  static constexpr std::string_view kType = "VVAU", kDomain = kHwDomain;
  static constexpr int kMinInputs = 2, kMaxInputs = 3, kOutputs = 1;
  std::string_view type() const override { return kType; }
  std::string_view domain() const override { return kDomain; }
  std::unique_ptr<Op> clone() const override { return std::make_unique<VVAU>(*this); }
  void infer(InferContext& context) const override;
};

// ---- Elementwise ------------------------------------------------------------------------------

/// X [.., C], T [C or 1, steps], or, where thresholds depend on the position, T of X's rank + 1
/// whose leading axes broadcast to X's: out = levels of X. Rows are sorted upwards.
struct Thresholding final : HwOpOf<Thresholding> {
  static constexpr std::string_view kType = "Thresholding";
  static constexpr int kMinInputs = 2, kMaxInputs = 2;
  Levels levels;
  std::int64_t pe = 1;
  /// "auto" (not decided yet), "comparators" (all steps at once) or "search" (binary search).
  std::string preferred_impl_style = "auto";
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// T, M?, X0, X1..: the quantiser of a sum of streams, as ops::JoinThreshold with at least two X.
/// The leading axes of T and M have size 1, the last of them (channels) 1 or C.
struct JoinThreshold final : HwOpOf<JoinThreshold> {
  static constexpr std::string_view kType = "JoinThreshold";
  static constexpr int kMinInputs = 4, kMaxInputs = 64;
  static constexpr std::size_t kFirstX = 2;
  Levels levels;
  std::int64_t table_min = 0, pe = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// X0 [.., C], X1: X0 + X1 in the output's data type.
struct AddStreams final : HwOpOf<AddStreams> {
  static constexpr std::string_view kType = "AddStreams";
  static constexpr int kMinInputs = 2, kMaxInputs = 2;
  std::int64_t pe = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// A [.., C], B of A's shape, or one vector [1, .., 1, C] for all of A: A * B, element by element, in
/// the output's data type. FINN's ElementwiseMul.
struct EltwiseMul final : HwOpOf<EltwiseMul> {
  static constexpr std::string_view kType = "EltwiseMul";
  static constexpr int kMinInputs = 2, kMaxInputs = 2;
  std::int64_t pe = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// X [.., C], P [C or 1]: X + P ("add"), X * P ("mul"), max(X, P) or min(X, P), per channel, in the
/// output's data type.
struct ChannelwiseOp final : HwOpOf<ChannelwiseOp> {
  static constexpr std::string_view kType = "ChannelwiseOp";
  static constexpr int kMinInputs = 2, kMaxInputs = 2;
  std::string function = "add";
  std::int64_t pe = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

// ---- Pools and heads --------------------------------------------------------------------------

/// Windows [N,OH,OW,C*K], grouped at PE -> [N,OH,OW,C]: the maximum ("max") over the K taps, or
/// ("sum") their sum shifted right arithmetically by `shift`. FINN's Pool.
struct Pool final : HwOpOf<Pool> {
  static constexpr std::string_view kType = "Pool";
  std::string function = "max";
  std::int64_t taps = 1, shift = 0, pe = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// X [N,H,W,C] -> [N,1,1,C]: the sum over all pixels, shifted right arithmetically by `shift`.
struct GlobalAccPool final : HwOpOf<GlobalAccPool> {
  static constexpr std::string_view kType = "GlobalAccPool";
  std::int64_t shift = 0, pe = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// X [N,C] or [N,1,1,C] -> values? (X's type), indices, [..,k]: the k largest (`largest`, else
/// smallest), best first, ties to the lower index. The values are left out when nobody reads them.
struct LabelSelect final : HwOpOf<LabelSelect> {
  static constexpr std::string_view kType = "LabelSelect";
  static constexpr int kOutputs = 2;
  std::int64_t k = 1, pe = 1;
  bool largest = true;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

// ---- Moving streams ---------------------------------------------------------------------------

/// X -> the same tensor, on every output.
struct DuplicateStreams final : HwOpOf<DuplicateStreams> {
  static constexpr std::string_view kType = "DuplicateStreams";
  static constexpr int kOutputs = 64;
  std::int64_t pe = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// X0 [.., C0], X1 [.., C1]..: concatenated along the last axis. PE divides every Ci.
struct StreamingConcat final : HwOpOf<StreamingConcat> {
  static constexpr std::string_view kType = "StreamingConcat";
  static constexpr int kMinInputs = 1, kMaxInputs = 64;
  std::int64_t pe = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// X [.., C] -> parts of `channels[i]` channels each, which add up to C. PE divides every one.
struct StreamingSplit final : HwOpOf<StreamingSplit> {
  static constexpr std::string_view kType = "StreamingSplit";
  static constexpr int kOutputs = 64;
  std::vector<std::int64_t> channels;
  std::int64_t pe = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// X [N,H,W,C] -> [N,H*scale[0],W*scale[1],C]: every pixel repeated.
struct UpsampleNearestNeighbour final : HwOpOf<UpsampleNearestNeighbour> {
  static constexpr std::string_view kType = "UpsampleNearestNeighbour";
  std::vector<std::int64_t> scale = {1, 1};
  std::int64_t simd = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// X -> the same tensor, `in_lanes` elements a beat becoming `out_lanes`; any ratio. Both divide
/// the number of elements.
struct StreamingDataWidthConverter final : HwOpOf<StreamingDataWidthConverter> {
  static constexpr std::string_view kType = "StreamingDataWidthConverter";
  std::int64_t in_lanes = 1, out_lanes = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// X -> the same tensor, through a queue of `depth` beats. ram_style "auto": by depth.
struct StreamingFIFO final : HwOpOf<StreamingFIFO> {
  static constexpr std::string_view kType = "StreamingFIFO";
  std::int64_t depth = 2, lanes = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// X -> the same tensor; the last beat of every frame carries TLAST.
struct TLastMarker final : HwOpOf<TLastMarker> {
  static constexpr std::string_view kType = "TLastMarker";
  std::int64_t lanes = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

}  // namespace assay::hw
