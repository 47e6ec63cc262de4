// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/op.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <concepts>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/graph.h"
#include "compile/graph/hw_ops.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

template <typename Enum, typename Name, typename Parse>
void visit_named(FieldVisitor& visitor, std::string_view field, Enum& value, bool required,
                 Name name, Parse parse) {
  std::string text(name(value));
  visitor.visit(field, text, required);
  const auto parsed = parse(text);
  if (!parsed) user_error("attribute '{}' has the unknown value '{}'", field, printable(text));
  value = *parsed;
}

/// Collects "name=value" texts.
class TextVisitor final : public FieldVisitor {
 public:
  using FieldVisitor::visit;
  void visit(std::string_view name, std::int64_t& value, bool) override {
    add(name, fmt::format("{}", value));
  }
  // Hexadecimal floats: two different values never print alike.
  void visit(std::string_view name, float& value, bool) override {
    add(name, fmt::format("{:a}", value));
  }
  void visit(std::string_view name, std::string& value, bool) override {
    add(name, fmt::format("'{}'", printable(value, 1 << 16)));
  }
  void visit(std::string_view name, std::vector<std::int64_t>& value, bool) override {
    add(name, shape_text(value));
  }
  std::string text;

 private:
  void add(std::string_view name, const std::string& value) {
    if (!text.empty()) text += ' ';
    text += fmt::format("{}={}", name, value);
  }
};

template <typename T>
constexpr int since() {
  if constexpr (std::derived_from<T, hw::HwOp>)
    return 1;
  else
    return T::kSince;
}

template <typename T>
constexpr OpInfo info() {
  return {T::kDomain,
          T::kType,
          T::kMinInputs,
          T::kMaxInputs,
          T::kOutputs,
          since<T>(),
          []() -> std::unique_ptr<Op> { return std::make_unique<T>(); }};
}

/// Of the operators, then of the hardware layers.
template <typename... Ts>
constexpr auto infos(ops::OpList<Ts...>) {
  return std::array{info<Ts>()...
#define ASSAY_HW_LAYER(stem) , info<hw::stems::stem>()
#include "generated/hw_layers.def"
  };
}

}  // namespace

void FieldVisitor::visit(std::string_view name, bool& value, bool required) {
  std::int64_t number = value ? 1 : 0;
  visit(name, number, required);
  if (number != 0 && number != 1) user_error("attribute '{}' must be 0 or 1, not {}", name, number);
  value = number == 1;
}
void FieldVisitor::visit(std::string_view name, RoundingMode& value, bool required) {
  visit_named(*this, name, value, required, rounding_mode_name, parse_rounding_mode);
}
void FieldVisitor::visit(std::string_view name, Layout& value, bool required) {
  visit_named(*this, name, value, required, layout_name, parse_layout);
}
void FieldVisitor::visit(std::string_view name, DataType& value, bool required) {
  visit_named(
      *this, name, value, required, [](DataType t) { return t.name(); }, DataType::parse);
}

std::string_view container_name(Container container) {
  switch (container) {
    case Container::kFloat32:
      return "float32";
    case Container::kInt8:
      return "int8";
    case Container::kUInt8:
      return "uint8";
    case Container::kInt16:
      return "int16";
    case Container::kUInt16:
      return "uint16";
    case Container::kInt32:
      return "int32";
    case Container::kInt64:
      return "int64";
  }
  return "?";
}

DataType container_type(Container container) {
  switch (container) {
    case Container::kInt8:
      return DataType::sint(8);
    case Container::kUInt8:
      return DataType::uint(8);
    case Container::kInt16:
      return DataType::sint(16);
    case Container::kUInt16:
      return DataType::uint(16);
    case Container::kInt32:
      return DataType::sint(32);
    case Container::kInt64:
      return DataType::sint(64);
    case Container::kFloat32:
      break;
  }
  ASSAY_INVARIANT(false, "a float container has no integer type");
}

void InferContext::fail(const std::string& message) const {
  user_error("{}: {}", node_.label(), message);
}

const Shape& InferContext::shape(std::size_t index) const {
  if (!has(index)) fail(fmt::format("input {} is missing", index));
  if (!inputs_[index].shape)
    fail(fmt::format("the shape of input {} is not known; give the graph's input a static shape",
                     index));
  return *inputs_[index].shape;
}

const Constant& InferContext::constant(std::size_t index) const {
  if (!has(index) || !inputs_[index].value)
    fail(fmt::format(
        "input {} must be a constant; where the network computes it, end the network in "
        "front of this node",
        index));
  return *inputs_[index].value;
}

std::vector<std::int64_t> InferContext::ints(std::size_t index) const {
  const Constant& value = constant(index);
  if (!value.is_int()) fail(fmt::format("input {} must hold integers", index));
  return {value.ints().begin(), value.ints().end()};
}

std::string fields_text(const Op& op) {
  TextVisitor visitor;
  op.clone()->fields(visitor);
  return visitor.text;
}

bool same_op(const Op& a, const Op& b) {
  return a.type() == b.type() && a.domain() == b.domain() && fields_text(a) == fields_text(b);
}

std::span<const OpInfo> op_registry() {
  static const auto registry = infos(ops::AllOps{});
  return registry;
}

const OpInfo* find_op(std::string_view domain, std::string_view type) {
  const auto registry = op_registry();
  const auto it = std::ranges::find_if(
      registry, [&](const OpInfo& i) { return i.domain == domain && i.type == type; });
  return it == registry.end() ? nullptr : &*it;
}

}  // namespace assay
