// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/replacement.h"

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"

namespace assay {

std::string helper_name(const Draft& draft, std::string_view what, std::size_t output) {
  const Tensor* made = output < draft.outputs.size() ? draft.outputs[output] : nullptr;
  return fmt::format("{}_{}", made ? made->name : draft.type, what);
}

void expect_count(const Draft& draft, std::size_t least, std::size_t most, std::size_t outputs) {
  const std::size_t inputs = draft.inputs.size();
  if (inputs < least || inputs > most)
    user_error("it has {} inputs; {} to {} are supported", inputs, least, most);
  if (draft.outputs.size() > outputs)
    user_error("it has {} outputs; {} supported", draft.outputs.size(),
               outputs == 1 ? "1 is" : fmt::format("{} are", outputs));
}

void expect_arity(const Draft& draft, std::size_t least, std::size_t most, std::size_t outputs) {
  expect_count(draft, least, most, outputs);
  for (std::size_t i = 0; i < least; ++i)
    if (!draft.inputs[i]) user_error("input {} is left out", i);
}

void expect_real(const Draft& draft, std::size_t index) {
  const Container container = draft.inputs.at(index)->container;
  if (container != Container::kFloat32)
    user_error("input {} is {}, but must be float32; put a Cast or DequantizeLinear before it",
               index, container_name(container));
}

const Constant* constant_value(const GraphBuilder& builder, Tensor* tensor) {
  return builder.value(GraphBuilder::behind_identities(tensor));
}

std::vector<std::int64_t> constant_ints(const GraphBuilder& builder, const Draft& draft,
                                        std::size_t index, std::string_view what) {
  const Constant* value = constant_value(builder, draft.inputs.at(index));
  if (!value || !value->is_int())
    user_error("{} (input {}) must be constant integers", what, index);
  return {value->ints().begin(), value->ints().end()};
}

Tensor* Replacement::number(float value, std::string_view what) const {
  return builder_.add_constant(helper_name(draft_, what, output_),
                               Constant(Shape{}, std::vector<float>{value}));
}

Tensor* Replacement::list(Ints values, std::string_view what) const {
  const auto length = static_cast<std::int64_t>(values.size());
  return builder_.add_constant(helper_name(draft_, what, output_),
                               Constant({length}, std::move(values)));
}

Tensor* Replacement::integer(std::int64_t value, Container container, std::string_view what) const {
  Tensor* tensor = builder_.graph.add_tensor(helper_name(draft_, what, output_));
  TensorValue constant;
  constant.constant = Constant(Shape{}, Ints{value});
  constant.container = container;
  builder_.set_constant(tensor, std::move(constant));
  return tensor;
}

Tensor* Replacement::add(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, std::string_view what,
                         std::size_t index) const {
  return builder_.add_helper(std::move(op), std::move(inputs), helper_name(draft_, what, output_),
                             nullptr, index);
}

void Replacement::end(std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
                      std::size_t index) const {
  builder_.add_helper(std::move(op), std::move(inputs), end_name(), draft_.outputs.at(output_),
                      index);
}

Tensor* Replacement::build(std::string_view type, std::vector<Tensor*> inputs,
                           Attributes attributes, std::string_view what) const {
  Draft draft = draft_of(type, std::move(inputs), std::move(attributes));
  draft.name = helper_name(draft_, what, output_);
  Tensor* output = builder_.graph.add_tensor(draft.name);
  draft.outputs = {output};
  build_node(builder_, std::move(draft));
  return output;
}

void Replacement::build_end(std::string_view type, std::vector<Tensor*> inputs,
                            Attributes attributes) const {
  Draft draft = draft_of(type, std::move(inputs), std::move(attributes));
  draft.name = end_name();
  draft.outputs = {draft_.outputs.at(output_)};
  build_node(builder_, std::move(draft));
}

std::string Replacement::end_name() const {
  return draft_.name.empty() ? draft_.outputs.at(output_)->name : draft_.name;
}

Draft Replacement::draft_of(std::string_view type, std::vector<Tensor*> inputs,
                            Attributes attributes) const {
  Draft draft;
  draft.type = type;
  draft.version = kOwnVersion;
  draft.inputs = std::move(inputs);
  draft.used = {true};
  draft.attributes = std::move(attributes);
  return draft;
}

}  // namespace assay
