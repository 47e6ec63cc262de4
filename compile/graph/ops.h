// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compile/graph/op.h"

/// Every operator of the IR that is no hardware layer. Unless noted, semantics are those of ONNX opset 14 (import brings
/// older forms to it) or of QONNX. Inputs are listed in order, `?` marks optional ones. Spatial
/// fields of convolutions and pools always have full length: r sizes, strides and dilations and 2r
/// pads (all begins, then all ends) for r = 1 or 2 spatial axes.
namespace assay::ops {

inline constexpr std::string_view kQonnxDomain = "qonnx.custom_op.general";
/// Operators of integer graphs that neither ONNX nor QONNX has.
inline constexpr std::string_view kAssayDomain = "assay";

/// A non-negative axis; UserError when it is outside [-rank, rank).
std::size_t normalise_axis(std::int64_t axis, std::size_t rank);
/// The output is as input 0.
void infer_same_shape(InferContext& context);
/// The output has the shape to which both inputs broadcast, and their element type.
void infer_broadcast(InferContext& context);

/// Boilerplate that depends only on the operator's own type. `Self` is a record of what is known of
/// it: kType, kMinInputs and kMaxInputs, kTraits, and kSince, the first version of its domain that
/// has it.
template <typename Self, typename Base = Op>
struct OpOf : Base {
  static constexpr std::string_view kDomain = "";
  static constexpr int kOutputs = 1;
  std::string_view type() const override { return Self::kType; }
  std::string_view domain() const override { return Self::kDomain; }
  const Traits& traits() const final { return Self::kTraits; }
  Layout declared_layout() const final {
    if constexpr (Self::kTraits.demands == Demands::kDeclared)
      return static_cast<const Self&>(*this).data_layout;
    return Layout::kUnknown;
  }
  std::unique_ptr<Op> clone() const override {
    return std::make_unique<Self>(static_cast<const Self&>(*this));
  }
};
template <typename Self>
struct QonnxOpOf : OpOf<Self> {
  static constexpr std::string_view kDomain = kQonnxDomain;
};

template <typename Self>
struct AssayOpOf : OpOf<Self> {
  static constexpr std::string_view kDomain = kAssayDomain;
};

// ---- Quantisers
// -------------------------------------------------------------------------------------------------------

/// X, scale, zeropt, bitwidth. y = clamp(X/scale + zeropt, lo, hi) rounded; out = (y - zeropt) *
/// scale. lo, hi from bitwidth, signed, narrow; a signed 1-bit quantiser gives y = (X/scale +
/// zeropt >= 0) ? +1 : -1. IntQuant is the same operator.
struct Quant final : QonnxOpOf<Quant> {
  static constexpr std::string_view kType = "Quant";
  static constexpr int kMinInputs = 4, kMaxInputs = 4, kSince = 1;
  static constexpr Traits kTraits{Elements::kParameters, Values::kFollow,    Axes::kKept,
                                  Demands::kAny,         Order::kNeverFalls, Quantises::kYes};
  bool is_signed = true, narrow = false;
  RoundingMode rounding_mode = RoundingMode::kHalfEven;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X, scale. out = (X >= 0 ? +1 : -1) * scale.
struct BipolarQuant final : QonnxOpOf<BipolarQuant> {
  static constexpr std::string_view kType = "BipolarQuant";
  static constexpr int kMinInputs = 2, kMaxInputs = 2, kSince = 1;
  static constexpr Traits kTraits{Elements::kParameters, Values::kFollow,    Axes::kKept,
                                  Demands::kAny,         Order::kNeverFalls, Quantises::kYes};
  void infer(InferContext& context) const override;
};
/// Version 1: X, scale, zeropt, in_bitwidth, out_bitwidth. Version 2: X, scale, zeropt,
/// in_bitwidth, out_scale, out_bitwidth. The two are different functions (the version is the opset
/// of the QONNX domain in the file):
///   y = round_half_even(X/scale + zeropt)
///   v1: out = (round(y / 2^(in_bitwidth - out_bitwidth)) - zeropt) * scale
///   v2: t = 2^round(log2(out_scale/scale)); out = (round(clamp(y / t, lo, hi)) - zeropt/t) *
///   out_scale
struct Trunc final : QonnxOpOf<Trunc> {
  static constexpr std::string_view kType = "Trunc";
  static constexpr int kMinInputs = 5, kMaxInputs = 6, kSince = 1;
  static constexpr Traits kTraits{Elements::kParameters, Values::kFollow,    Axes::kKept,
                                  Demands::kAny,         Order::kNeverFalls, Quantises::kYes};
  std::int64_t version = 1;  ///< not an ONNX attribute
  RoundingMode rounding_mode = RoundingMode::kFloor;
  bool is_signed = true, narrow = false;  ///< version 2 only
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X, scale, exponent_bitwidth, mantissa_bitwidth, exponent_bias, max_val. See QONNX FloatQuant;
/// subnormals always on.
struct FloatQuant final : QonnxOpOf<FloatQuant> {
  static constexpr std::string_view kType = "FloatQuant";
  static constexpr int kMinInputs = 6, kMaxInputs = 6, kSince = 1;
  static constexpr Traits kTraits{Elements::kParameters, Values::kReals,     Axes::kKept,
                                  Demands::kAny,         Order::kNeverFalls, Quantises::kYes};
  bool has_inf = false, has_nan = false, has_subnormal = true, saturation = true;
  RoundingMode rounding_mode = RoundingMode::kHalfEven;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X, thresholds [C or 1, steps]. n = number of thresholds with X >= T; out = out_scale * n +
/// out_bias. The channel axis is the last one when data_layout ends in C (NHWC, NWC, NC), else
/// axis 1.
struct MultiThreshold final : QonnxOpOf<MultiThreshold> {
  static constexpr std::string_view kType = "MultiThreshold";
  static constexpr int kMinInputs = 2, kMaxInputs = 2, kSince = 1;
  static constexpr Traits kTraits{Elements::kParameters, Values::kFollow, Axes::kKept,
                                  Demands::kDeclared,    Order::kFree,    Quantises::kYes};
  DataType out_dtype;
  float out_scale = 1, out_bias = 0;
  Layout data_layout = Layout::kNCHW;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X, scale, zero_point?. saturate(round_half_even(X/scale) + zero_point) in zero_point's container
/// (uint8 when absent).
struct QuantizeLinear final : OpOf<QuantizeLinear> {
  static constexpr std::string_view kType = "QuantizeLinear";
  static constexpr int kMinInputs = 2, kMaxInputs = 3, kSince = 10;
  static constexpr Traits kTraits{Elements::kParameters, Values::kFollow,    Axes::kKept,
                                  Demands::kAny,         Order::kNeverFalls, Quantises::kYes};
  std::int64_t axis = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X (integers), scale, zero_point?. (X - zero_point) * scale.
struct DequantizeLinear final : OpOf<DequantizeLinear> {
  static constexpr std::string_view kType = "DequantizeLinear";
  static constexpr int kMinInputs = 2, kMaxInputs = 3, kSince = 10;
  static constexpr Traits kTraits{Elements::kParameters, Values::kReals,     Axes::kKept,
                                  Demands::kAny,         Order::kNeverFalls, Quantises::kYes};
  std::int64_t axis = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// T, M?, X0, X1... (integers; the X of one shape, T and M constants). A quantiser of an integer
/// sum, or one whose thresholds depend on the position: out = out_scale * n + out_bias with
///
///     one X, no M    n = #{k : X0 >= T[.., k]}
///     two X, no M    n = #{k : X0 >= T[.., X1 - table_min, k]}       (table form)
///     with M         n = #{k : sum_i M[.., i] * Xi >= T[.., k]}      (line form)
///
/// The leading axes of T and M are as many as X has and broadcast to it (1 or X's size each); T
/// ends in [steps], in table form [entries, steps] with every X1 in [table_min, table_min +
/// entries), and M ends in [number of X]. BIPOLAR outputs have out_scale 2 and out_bias -1.
struct JoinThreshold final : AssayOpOf<JoinThreshold> {
  static constexpr std::string_view kType = "JoinThreshold";
  static constexpr int kMinInputs = 3, kMaxInputs = 1 << 20, kSince = 1;
  static constexpr Traits kTraits{Elements::kParameters, Values::kFollow, Axes::kKept,
                                  Demands::kAny,         Order::kFree,    Quantises::kIntegers};
  static constexpr std::size_t kFirstX = 2;  ///< the index of X0
  DataType out_dtype;
  std::int64_t out_scale = 1, out_bias = 0, table_min = 0;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

// ---- Multiply and accumulate
// ------------------------------------------------------------------------------------------

/// The spatial fields of convolutions and pools.
struct Window {
  std::vector<std::int64_t> kernel_shape, strides, pads, dilations;
  std::size_t rank() const { return kernel_shape.size(); }
  friend bool operator==(const Window&, const Window&) = default;
};

/// X [N,C,...], W [O,C/group,k...], B? [O].
struct Conv final : OpOf<Conv> {
  static constexpr std::string_view kType = "Conv";
  static constexpr int kMinInputs = 2, kMaxInputs = 3, kSince = 1;
  static constexpr Traits kTraits{Elements::kProducts,     Values::kFollow, Axes::kDemanded,
                                  Demands::kChannelsFirst, Order::kFree,    Quantises::kNo};
  Window window;
  std::int64_t group = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X [N,C,...], W [C,O/group,k...], B? [O].
struct ConvTranspose final : OpOf<ConvTranspose> {
  static constexpr std::string_view kType = "ConvTranspose";
  static constexpr int kMinInputs = 2, kMaxInputs = 3, kSince = 1;
  static constexpr Traits kTraits{Elements::kProducts,     Values::kFollow, Axes::kDemanded,
                                  Demands::kChannelsFirst, Order::kFree,    Quantises::kNo};
  Window window;
  std::vector<std::int64_t> output_padding;
  std::int64_t group = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// A, B with numpy's matmul shapes.
struct MatMul final : OpOf<MatMul> {
  static constexpr std::string_view kType = "MatMul";
  static constexpr int kMinInputs = 2, kMaxInputs = 2, kSince = 1;
  static constexpr Traits kTraits{Elements::kProducts, Values::kFollow, Axes::kFeatures,
                                  Demands::kAny,       Order::kFree,    Quantises::kNo};
  void infer(InferContext& context) const override;
};
/// A, B, C?. alpha * A' * B' + beta * C.
struct Gemm final : OpOf<Gemm> {
  static constexpr std::string_view kType = "Gemm";
  static constexpr int kMinInputs = 2, kMaxInputs = 3, kSince = 1;
  static constexpr Traits kTraits{Elements::kProducts, Values::kFollow, Axes::kDemanded,
                                  Demands::kMatrix,    Order::kFree,    Quantises::kNo};
  float alpha = 1, beta = 1;
  bool trans_a = false, trans_b = false;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// A, B in {0, 1}: ((2A-1)(2B-1) + K) / 2, the count of equal bits.
struct XnorPopcountMatMul final : QonnxOpOf<XnorPopcountMatMul> {
  static constexpr std::string_view kType = "XnorPopcountMatMul";
  static constexpr int kMinInputs = 2, kMaxInputs = 2, kSince = 1;
  static constexpr Traits kTraits{Elements::kProducts, Values::kFollow, Axes::kFeatures,
                                  Demands::kAny,       Order::kFree,    Quantises::kNo};
  void infer(InferContext& context) const override;
};
/// X [..., K*C] (innermost order k, c, as Im2Col leaves it), W [K, C] -> [..., C]:
/// out[c] = sum_k X[k*C + c] * W[k, c]. A depthwise convolution after Im2Col.
struct DepthwiseMatMul final : AssayOpOf<DepthwiseMatMul> {
  static constexpr std::string_view kType = "DepthwiseMatMul";
  static constexpr int kMinInputs = 2, kMaxInputs = 2, kSince = 1;
  static constexpr Traits kTraits{Elements::kProducts, Values::kFollow, Axes::kFeatures,
                                  Demands::kAny,       Order::kFree,    Quantises::kNo};
  void infer(InferContext& context) const override;
};

// ---- Elementwise
// ------------------------------------------------------------------------------------------------------

template <typename Self>
struct BinaryOf : OpOf<Self> {
  static constexpr int kMinInputs = 2, kMaxInputs = 2;
  void infer(InferContext& context) const override { infer_broadcast(context); }
};
struct Add final : BinaryOf<Add> {
  static constexpr std::string_view kType = "Add";
  static constexpr int kSince = 1;
  static constexpr Traits kTraits{Elements::kMapped, Values::kFollow, Axes::kKept,
                                  Demands::kAny,     Order::kFree,    Quantises::kNo};
};
struct Sub final : BinaryOf<Sub> {
  static constexpr std::string_view kType = "Sub";
  static constexpr int kSince = 1;
  static constexpr Traits kTraits{Elements::kMapped, Values::kFollow, Axes::kKept,
                                  Demands::kAny,     Order::kFree,    Quantises::kNo};
};
struct Mul final : BinaryOf<Mul> {
  static constexpr std::string_view kType = "Mul";
  static constexpr int kSince = 1;
  static constexpr Traits kTraits{Elements::kMapped, Values::kFollow, Axes::kKept,
                                  Demands::kAny,     Order::kFree,    Quantises::kNo};
};
struct Div final : BinaryOf<Div> {
  static constexpr std::string_view kType = "Div";
  static constexpr int kSince = 1;
  static constexpr Traits kTraits{Elements::kMapped, Values::kAnnotated, Axes::kKept,
                                  Demands::kAny,     Order::kFree,       Quantises::kNo};
};
struct Pow final : BinaryOf<Pow> {
  static constexpr std::string_view kType = "Pow";
  static constexpr int kSince = 1;
  static constexpr Traits kTraits{Elements::kMapped, Values::kAnnotated, Axes::kKept,
                                  Demands::kAny,     Order::kFree,       Quantises::kNo};
};

template <typename Self, typename Base = Op>
struct UnaryOf : OpOf<Self, Base> {
  static constexpr int kMinInputs = 1, kMaxInputs = 1;
  void infer(InferContext& context) const override { infer_same_shape(context); }
};
struct Relu final : UnaryOf<Relu> {
  static constexpr std::string_view kType = "Relu";
  static constexpr int kSince = 1;
  static constexpr Traits kTraits{Elements::kMapped, Values::kFollow,    Axes::kKept,
                                  Demands::kAny,     Order::kNeverFalls, Quantises::kNo};
};
struct Sign final : UnaryOf<Sign> {
  static constexpr std::string_view kType = "Sign";
  static constexpr int kSince = 9;
  static constexpr Traits kTraits{Elements::kMapped, Values::kFollow,    Axes::kKept,
                                  Demands::kAny,     Order::kNeverFalls, Quantises::kNo};
};  ///< Sign(0) = 0
struct Identity final : UnaryOf<Identity> {
  static constexpr std::string_view kType = "Identity";
  static constexpr int kSince = 1;
  static constexpr Traits kTraits{Elements::kSame, Values::kInputs, Axes::kKept,
                                  Demands::kAny,   Order::kRises,   Quantises::kNo};
};
/// Identity that also names its tensor (Brevitas).
struct DebugMarker final : UnaryOf<DebugMarker> {
  static constexpr std::string_view kType = "DebugMarker", kDomain = "brevitas.onnx";
  static constexpr int kSince = 1;
  static constexpr Traits kTraits{Elements::kSame, Values::kInputs, Axes::kKept,
                                  Demands::kAny,   Order::kRises,   Quantises::kNo};
  std::string export_debug_name;
  void fields(FieldVisitor& v) override;
};
/// Element by element of the rows along an axis.
struct RowsOp : Op {
  std::int64_t axis = -1;
  void fields(FieldVisitor& v) override { v.visit("axis", axis); }
};
template <typename Self>
struct RowsOf : UnaryOf<Self, RowsOp> {
  void infer(InferContext& context) const override {
    normalise_axis(this->axis, context.shape(0).size());
    infer_same_shape(context);
  }
};
struct Softmax final : RowsOf<Softmax> {
  static constexpr std::string_view kType = "Softmax";
  static constexpr int kSince = 1;
  static constexpr Traits kTraits{Elements::kRows, Values::kAnnotated, Axes::kKept,
                                  Demands::kAny,   Order::kRisesRows,  Quantises::kNo};
};
/// log(Softmax(X)).
struct LogSoftmax final : RowsOf<LogSoftmax> {
  static constexpr std::string_view kType = "LogSoftmax";
  static constexpr int kSince = 1;
  static constexpr Traits kTraits{Elements::kRows, Values::kAnnotated, Axes::kKept,
                                  Demands::kAny,   Order::kRisesRows,  Quantises::kNo};
};

/// Functions of one real variable that are no polynomials. All of them rise.
enum class Function : std::uint8_t {
  kErf,       ///< 2/sqrt(pi) times the integral of exp(-t*t) from 0 to x
  kExp,       ///< e^x
  kLog,       ///< the natural logarithm, for x > 0
  kSigmoid,   ///< 1 / (1 + e^-x)
  kSoftplus,  ///< log(1 + e^x)
  kSoftsign,  ///< x / (1 + |x|)
  kSqrt,      ///< for x >= 0
  kTanh       ///< (e^x - e^-x) / (e^x + e^-x)
};
constexpr std::string_view function_name(Function function) {
  switch (function) {
    case Function::kErf:
      return "Erf";
    case Function::kExp:
      return "Exp";
    case Function::kLog:
      return "Log";
    case Function::kSigmoid:
      return "Sigmoid";
    case Function::kSoftplus:
      return "Softplus";
    case Function::kSoftsign:
      return "Softsign";
    case Function::kSqrt:
      return "Sqrt";
    case Function::kTanh:
      return "Tanh";
  }
  return {};
}
/// y = f(x), element by element.
struct FunctionOp : Op {
  virtual Function function() const = 0;
};
template <Function F>
struct FunctionIs final : UnaryOf<FunctionIs<F>, FunctionOp> {
  static constexpr std::string_view kType = function_name(F);
  static constexpr int kSince = F == Function::kErf ? 9 : 1;
  static constexpr Traits kTraits{Elements::kMapped, Values::kAnnotated, Axes::kKept,
                                  Demands::kAny,     Order::kRises,      Quantises::kNo};
  Function function() const override { return F; }
};
using Erf = FunctionIs<Function::kErf>;
using Exp = FunctionIs<Function::kExp>;
using Log = FunctionIs<Function::kLog>;
using Sigmoid = FunctionIs<Function::kSigmoid>;
using Softplus = FunctionIs<Function::kSoftplus>;
using Softsign = FunctionIs<Function::kSoftsign>;
using Sqrt = FunctionIs<Function::kSqrt>;
using Tanh = FunctionIs<Function::kTanh>;

/// X, min?, max?.
struct Clip final : OpOf<Clip> {
  static constexpr std::string_view kType = "Clip";
  static constexpr int kMinInputs = 1, kMaxInputs = 3, kSince = 1;
  static constexpr Traits kTraits{Elements::kMapped, Values::kFollow,    Axes::kKept,
                                  Demands::kAny,     Order::kNeverFalls, Quantises::kNo};
  void infer(InferContext& context) const override;
};
/// X; `to` is an ONNX element type number: 1 float, 6 int32, 7 int64, 2 uint8, 3 int8.
struct Cast final : OpOf<Cast> {
  static constexpr std::string_view kType = "Cast";
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kSince = 1;
  static constexpr Traits kTraits{Elements::kMapped, Values::kFollow,    Axes::kKept,
                                  Demands::kAny,     Order::kNeverFalls, Quantises::kNo};
  std::int64_t to = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X [N,C,...], scale, bias, mean, var (all [C]): scale * (X - mean) / sqrt(var + epsilon) + bias.
struct BatchNormalization final : OpOf<BatchNormalization> {
  static constexpr std::string_view kType = "BatchNormalization";
  static constexpr int kMinInputs = 5, kMaxInputs = 5, kSince = 1;
  static constexpr Traits kTraits{Elements::kParameters,   Values::kAnnotated, Axes::kDemanded,
                                  Demands::kChannelsFirst, Order::kFree,       Quantises::kNo};
  float epsilon = 1e-5F, momentum = 0.9F;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

// ---- Pools
// ------------------------------------------------------------------------------------------------------------

/// X [N,C,...]; padding never wins.
struct MaxPool final : OpOf<MaxPool> {
  static constexpr std::string_view kType = "MaxPool";
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kSince = 1;
  static constexpr Traits kTraits{Elements::kWindows,      Values::kInputs, Axes::kDemanded,
                                  Demands::kChannelsFirst, Order::kFree,    Quantises::kNo};
  Window window;
  bool ceil_mode = false;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X [N,C,...]; the divisor counts padding only when count_include_pad.
struct AveragePool final : OpOf<AveragePool> {
  static constexpr std::string_view kType = "AveragePool";
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kSince = 1;
  static constexpr Traits kTraits{Elements::kWindows,      Values::kAnnotated, Axes::kDemanded,
                                  Demands::kChannelsFirst, Order::kFree,       Quantises::kNo};
  Window window;  ///< dilations are all 1
  bool ceil_mode = false, count_include_pad = false;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X [N,C,...] -> [N,C,1,...].
struct GlobalAveragePool final : OpOf<GlobalAveragePool> {
  static constexpr std::string_view kType = "GlobalAveragePool";
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kSince = 1;
  static constexpr Traits kTraits{Elements::kWindows,      Values::kAnnotated, Axes::kDemanded,
                                  Demands::kChannelsFirst, Order::kFree,       Quantises::kNo};
  void infer(InferContext& context) const override;
};
/// X: the sum over kernel x kernel windows, shifted right arithmetically by
/// max(0, bit_length((2^ibits - 1) * kernel^2) - obits).
struct QuantAvgPool2d final : QonnxOpOf<QuantAvgPool2d> {
  static constexpr std::string_view kType = "QuantAvgPool2d";
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kSince = 1;
  static constexpr Traits kTraits{Elements::kWindows, Values::kFollow, Axes::kDemanded,
                                  Demands::kDeclared, Order::kFree,    Quantises::kNo};
  std::int64_t stride = 1, kernel = 1, ibits = 1, obits = 1;
  bool is_signed = false;
  Layout data_layout = Layout::kNCHW;
  int shift() const;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X [N,H,W,C].
struct MaxPoolNHWC final : QonnxOpOf<MaxPoolNHWC> {
  static constexpr std::string_view kType = "MaxPoolNHWC";
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kSince = 1;
  static constexpr Traits kTraits{Elements::kWindows,     Values::kInputs, Axes::kDemanded,
                                  Demands::kChannelsLast, Order::kFree,    Quantises::kNo};
  Window window;
  bool ceil_mode = false;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X [N,C,...] or [N,...,C] by data_layout: the sum over each window; padding counts as 0.
struct SumPool final : AssayOpOf<SumPool> {
  static constexpr std::string_view kType = "SumPool";
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kSince = 1;
  static constexpr Traits kTraits{Elements::kWindows, Values::kFollow, Axes::kDemanded,
                                  Demands::kDeclared, Order::kFree,    Quantises::kNo};
  Window window;  ///< dilations are all 1
  Layout data_layout = Layout::kNCHW;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

// ---- Moving data
// ------------------------------------------------------------------------------------------------------

struct Flatten final : OpOf<Flatten> {
  static constexpr std::string_view kType = "Flatten";
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kSince = 1;
  static constexpr Traits kTraits{Elements::kReshaped, Values::kInputs, Axes::kRegrouped,
                                  Demands::kAny,       Order::kFree,    Quantises::kNo};
  std::int64_t axis = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X, shape.
struct Reshape final : OpOf<Reshape> {
  static constexpr std::string_view kType = "Reshape";
  static constexpr int kMinInputs = 2, kMaxInputs = 2, kSince = 1;
  static constexpr Traits kTraits{Elements::kReshaped, Values::kInputs, Axes::kRegrouped,
                                  Demands::kAny,       Order::kFree,    Quantises::kNo};
  bool allowzero = false;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
struct Transpose final : OpOf<Transpose> {
  static constexpr std::string_view kType = "Transpose";
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kSince = 1;
  static constexpr Traits kTraits{Elements::kPermuted, Values::kInputs, Axes::kRegrouped,
                                  Demands::kAny,       Order::kFree,    Quantises::kNo};
  std::vector<std::int64_t> perm;  ///< always full length
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
struct Concat final : OpOf<Concat> {
  static constexpr std::string_view kType = "Concat";
  static constexpr int kMinInputs = 1, kMaxInputs = 1 << 20, kSince = 1;
  static constexpr Traits kTraits{Elements::kJoined, Values::kFollow, Axes::kKept,
                                  Demands::kAny,     Order::kFree,    Quantises::kNo};
  std::int64_t axis = 1;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X, pads (all begins, all ends), value?. mode is "constant".
struct Pad final : OpOf<Pad> {
  static constexpr std::string_view kType = "Pad";
  static constexpr int kMinInputs = 2, kMaxInputs = 3, kSince = 1;
  static constexpr Traits kTraits{Elements::kFilled, Values::kFollow, Axes::kKept,
                                  Demands::kAny,     Order::kFree,    Quantises::kNo};
  std::string mode = "constant";
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X, roi? (never present), scales?, sizes?. mode is "nearest".
struct Resize final : OpOf<Resize> {
  static constexpr std::string_view kType = "Resize";
  static constexpr int kMinInputs = 3, kMaxInputs = 4, kSince = 10;
  static constexpr Traits kTraits{Elements::kPicked, Values::kInputs, Axes::kKept,
                                  Demands::kAny,     Order::kFree,    Quantises::kNo};
  std::string mode = "nearest", coordinate_transformation_mode = "half_pixel",
              nearest_mode = "round_prefer_floor";
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
struct DepthToSpace final : OpOf<DepthToSpace> {
  static constexpr std::string_view kType = "DepthToSpace";
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kSince = 1;
  static constexpr Traits kTraits{Elements::kPicked,       Values::kInputs, Axes::kDemanded,
                                  Demands::kChannelsFirst, Order::kFree,    Quantises::kNo};
  std::int64_t blocksize = 1;
  std::string mode = "DCR";
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X [N,H,W,C] -> [N,OH,OW,kh*kw*C], innermost order (kh, kw, c). pad_amount = [top, left, bottom,
/// right].
struct Im2Col final : QonnxOpOf<Im2Col> {
  static constexpr std::string_view kType = "Im2Col";
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kSince = 1;
  static constexpr Traits kTraits{Elements::kFilled,      Values::kFollow, Axes::kDemanded,
                                  Demands::kChannelsLast, Order::kFree,    Quantises::kNo};
  std::vector<std::int64_t> stride, kernel_size, pad_amount = {0, 0, 0, 0}, dilations = {1, 1};
  std::string input_shape;
  float pad_value = 0;
  bool depthwise = false;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};
/// X, axes.
struct Squeeze final : OpOf<Squeeze> {
  static constexpr std::string_view kType = "Squeeze";
  static constexpr int kMinInputs = 2, kMaxInputs = 2, kSince = 1;
  static constexpr Traits kTraits{Elements::kReshaped, Values::kInputs, Axes::kRegrouped,
                                  Demands::kAny,       Order::kFree,    Quantises::kNo};
  void infer(InferContext& context) const override;
};
/// X, axes.
struct Unsqueeze final : OpOf<Unsqueeze> {
  static constexpr std::string_view kType = "Unsqueeze";
  static constexpr int kMinInputs = 2, kMaxInputs = 2, kSince = 1;
  static constexpr Traits kTraits{Elements::kReshaped, Values::kInputs, Axes::kRegrouped,
                                  Demands::kAny,       Order::kFree,    Quantises::kNo};
  void infer(InferContext& context) const override;
};
struct Shape final : OpOf<Shape> {
  static constexpr std::string_view kType = "Shape";
  static constexpr int kMinInputs = 1, kMaxInputs = 1, kSince = 1;
  static constexpr Traits kTraits{Elements::kNone, Values::kAnnotated, Axes::kRegrouped,
                                  Demands::kAny,   Order::kFree,       Quantises::kNo};
  void infer(InferContext& context) const override;
};
/// X, indices (constant).
struct Gather final : OpOf<Gather> {
  static constexpr std::string_view kType = "Gather";
  static constexpr int kMinInputs = 2, kMaxInputs = 2, kSince = 1;
  static constexpr Traits kTraits{Elements::kPicked, Values::kInputs, Axes::kRegrouped,
                                  Demands::kAny,     Order::kFree,    Quantises::kNo};
  std::int64_t axis = 0;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

// ---- Head
// -------------------------------------------------------------------------------------------------------------

/// X, K (constant) -> values, indices. Ties go to the lower index.
struct TopK final : OpOf<TopK> {
  static constexpr std::string_view kType = "TopK";
  static constexpr int kMinInputs = 2, kMaxInputs = 2, kOutputs = 2, kSince = 1;
  static constexpr Traits kTraits{Elements::kRows, Values::kFollow, Axes::kKept,
                                  Demands::kAny,   Order::kFree,    Quantises::kNo};
  std::int64_t axis = -1;
  bool largest = true, sorted = true;
  void fields(FieldVisitor& v) override;
  void infer(InferContext& context) const override;
};

/// The operators: what is listed here is in the registry (op_registry), and so in every test that
/// goes over all of them.
template <typename... Ts>
struct OpList {};
using AllOps =
    OpList<Quant, BipolarQuant, Trunc, FloatQuant, MultiThreshold, QuantizeLinear, DequantizeLinear,
           Conv, ConvTranspose, MatMul, Gemm, XnorPopcountMatMul, Add, Sub, Mul, Div, Pow, Relu,
           Sign, Identity, DebugMarker, Softmax, LogSoftmax, Erf, Exp, Log, Sigmoid, Softplus,
           Softsign, Sqrt, Tanh, Clip, Cast, BatchNormalization, MaxPool, AveragePool,
           GlobalAveragePool, QuantAvgPool2d, MaxPoolNHWC, Flatten, Reshape, Transpose, Concat, Pad,
           Resize, DepthToSpace, Im2Col, Squeeze, Unsqueeze, Shape, Gather, TopK, JoinThreshold,
           DepthwiseMatMul, SumPool>;

}  // namespace assay::ops
