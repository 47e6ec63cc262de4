// SPDX-License-Identifier: Apache-2.0
// Quantisers: parameters behind Identity nodes, and element types of 2 and 4 bits.
#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "compile/onnx/proto.h"
#include "compile/onnx/replacement.h"
#include "compile/onnx/rules.h"
#include "compile/onnx/tensors.h"

namespace assay {
namespace {

/// The integers that a QuantizeLinear puts out.
struct IntegerType {
  Container container = Container::kUInt8;
  std::optional<DataType> narrow;
};

void take_linear(Attributes& attributes) {
  attributes.expect_int("saturate", {1});  // only 8-bit floats could do otherwise
  attributes.expect_int("block_size", {0});
  attributes.expect_int("precision", {0, onnx::TensorProto::FLOAT});
}

IntegerType type_of(const Tensor& zero_point) {
  IntegerType type{zero_point.container, {}};
  const bool narrow = type.container != Container::kFloat32 && zero_point.dtype.is_integer() &&
                      zero_point.dtype != container_type(type.container);
  if (narrow) type.narrow = zero_point.dtype;
  return type;
}

/// An element type that ONNX quantises to.
IntegerType type_of(std::int64_t element_type) {
  const int number = static_cast<int>(element_type);
  const auto container = element_container(number);
  const bool known =
      container && (*container == Container::kInt8 || *container == Container::kUInt8 ||
                    *container == Container::kInt16 || *container == Container::kUInt16);
  if (!known || number == onnx::TensorProto::BOOL)
    user_error("attribute 'output_dtype' is {}; integers of 2, 4, 8 and 16 bits are supported",
               element_type_text(number));
  return {*container, narrow_type(number)};
}

/// The type that the zero point or, without one, an attribute says; uint8 when neither does. A
/// missing zero point of another type is added.
IntegerType take_output_type(GraphBuilder& builder, Draft& draft) {
  const std::int64_t stated = draft.attributes.take_int("output_dtype").value_or(0);
  if (draft.inputs.size() > 2 && draft.inputs[2]) {
    const IntegerType type = type_of(*draft.inputs[2]);
    if (stated == 0) return type;
    const IntegerType other = type_of(stated);
    if (other.container != type.container || other.narrow != type.narrow)
      user_error("attribute 'output_dtype' is {}, but the zero point has another element type",
                 element_type_text(static_cast<int>(stated)));
    return type;
  }
  if (stated == 0) return {};
  const IntegerType type = type_of(stated);
  draft.inputs.resize(3, nullptr);
  draft.inputs[2] = Replacement(builder, draft).integer(0, type.container, "zero_point");
  return type;
}

/// The bounds of the narrow type lie within the container's, so saturating there first changes
/// nothing.
void end_clipped(GraphBuilder& builder, Draft draft, DataType narrow) {
  const Replacement to(builder, draft);
  Tensor* result = draft.outputs[0];
  const Container container = draft.inputs[2]->container;
  Tensor *lo = to.integer(narrow.min(), container, "min"),
         *hi = to.integer(narrow.max(), container, "max");
  const std::string name = helper_name(draft, "clip");
  Tensor* wide = builder.graph.add_tensor(helper_name(draft, "wide"));
  draft.outputs[0] = wide;
  builder.add(std::move(draft));
  builder.add_helper(std::make_unique<ops::Clip>(), {wide, lo, hi}, name, result);
  result->dtype = narrow;
}

}  // namespace

void build_quantiser(GraphBuilder&, Draft& draft) {
  // Exporters that share equal parameters route some of them through Identity.
  for (std::size_t i = 1; i < draft.inputs.size(); ++i)
    draft.inputs[i] = GraphBuilder::behind_identities(draft.inputs[i]);
}

void build_dequantize_linear(GraphBuilder& builder, Draft& draft) {
  take_linear(draft.attributes);
  draft.attributes.expect_int("output_dtype", {0, onnx::TensorProto::FLOAT});
  build_quantiser(builder, draft);
}

void expand_quantize_linear(GraphBuilder& builder, Draft draft) {
  take_linear(draft.attributes);
  build_quantiser(builder, draft);
  const IntegerType type = take_output_type(builder, draft);
  if (type.narrow)
    end_clipped(builder, std::move(draft), *type.narrow);
  else
    builder.add(std::move(draft));
}

}  // namespace assay
