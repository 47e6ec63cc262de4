// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/attributes.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/onnx/model.h"

namespace assay {
namespace {

using onnx::AttributeProto;

/// No size, axis or pad comes near; products of two such numbers cannot overflow.
constexpr std::int64_t kMaxInt = std::int64_t{1} << 31;

/// A value among a tensor's, and no size: as large as integers of a graph are.
constexpr std::string_view kElement = "pad_value";
constexpr std::int64_t kMaxElement = std::int64_t{1} << 62;

/// Where a Slice begins and ends may lie anywhere; exporters write the largest integer for the end.
bool is_position(std::string_view name) { return name == "starts" || name == "ends"; }

void check_range(std::string_view name, std::int64_t value) {
  if (is_position(name)) return;
  const std::int64_t most = name == kElement ? kMaxElement : kMaxInt;
  if (value < -most || value > most)
    user_error("attribute '{}' has the value {}, out of range", printable(name), value);
}

void check_finite(std::string_view name, float value) {
  if (!std::isfinite(value))
    user_error("attribute '{}' is {}; it must be finite", printable(name), value);
}

/// Which of the value fields are filled, to catch a type that contradicts the content.
void check_content(const AttributeProto& a) {
  const bool ok = (!a.has_i() || a.type() == AttributeProto::INT) &&
                  (!a.has_f() || a.type() == AttributeProto::FLOAT) &&
                  (!a.has_s() || a.type() == AttributeProto::STRING) &&
                  (!a.has_t() || a.type() == AttributeProto::TENSOR) &&
                  (a.ints_size() == 0 || a.type() == AttributeProto::INTS) &&
                  (a.floats_size() == 0 || a.type() == AttributeProto::FLOATS) &&
                  (a.strings_size() == 0 || a.type() == AttributeProto::STRINGS);
  if (!ok)
    user_error("attribute '{}' holds a value of another type than it declares",
               printable(a.name()));
  if (!a.ref_attr_name().empty())
    user_error("attribute '{}' refers to a function's attribute; inline the function",
               printable(a.name()));
}

/// Reads fields from attributes.
class FieldReader final : public FieldVisitor {
 public:
  explicit FieldReader(Attributes& attributes) : attributes_(attributes) {}
  using FieldVisitor::visit;
  void visit(std::string_view name, std::int64_t& value, bool required) override {
    fill(name, value, attributes_.take_int(name), required);
  }
  void visit(std::string_view name, float& value, bool required) override {
    fill(name, value, attributes_.take_float(name), required);
  }
  void visit(std::string_view name, std::string& value, bool required) override {
    fill(name, value, attributes_.take_string(name), required);
  }
  void visit(std::string_view name, std::vector<std::int64_t>& value, bool required) override {
    fill(name, value, attributes_.take_ints(name), required);
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  template <typename T>
  void fill(std::string_view name, T& value, std::optional<T> found, bool required) {
    names_.emplace_back(name);
    if (found) value = std::move(*found);
    if (!found && required) user_error("attribute '{}' is missing", name);
  }
  Attributes& attributes_;
  std::vector<std::string> names_;
};

}  // namespace

Attributes::Value Attributes::read(const AttributeProto& a) {
  check_content(a);
  switch (a.type()) {
    case AttributeProto::INT:
      check_range(a.name(), a.i());
      return a.i();
    case AttributeProto::FLOAT:
      check_finite(a.name(), a.f());
      return a.f();
    case AttributeProto::STRING:
      check_name(a.s(), "the value of attribute '" + printable(a.name()) + "',");
      return a.s();
    case AttributeProto::TENSOR:
      return &a.t();
    case AttributeProto::INTS:
      for (const std::int64_t value : a.ints()) check_range(a.name(), value);
      if (a.ints_size() == 0) return Empty{};
      return std::vector<std::int64_t>(a.ints().begin(), a.ints().end());
    case AttributeProto::FLOATS:
      for (const float value : a.floats()) check_finite(a.name(), value);
      if (a.floats_size() == 0) return Empty{};
      return std::vector<float>(a.floats().begin(), a.floats().end());
    default:
      user_error(
          "attribute '{}' has a type that is not supported; numbers, strings, lists of numbers and "
          "tensors are",
          printable(a.name()));
  }
}

Attributes::Attributes(const onnx::NodeProto& node) {
  for (const auto& attribute : node.attribute())
    if (!values_.emplace(attribute.name(), read(attribute)).second)
      user_error("attribute '{}' occurs twice", printable(attribute.name()));
}

template <typename T>
std::optional<T> Attributes::take(std::string_view name, std::string_view type) {
  const auto it = values_.find(name);
  if (it == values_.end()) return {};
  const T* value = std::get_if<T>(&it->second);
  if (!value) user_error("attribute '{}' must be {}", printable(name), type);
  std::optional<T> result = *value;
  values_.erase(it);
  return result;
}

template std::optional<std::int64_t> Attributes::take(std::string_view, std::string_view);
template std::optional<float> Attributes::take(std::string_view, std::string_view);
template std::optional<std::string> Attributes::take(std::string_view, std::string_view);

bool Attributes::has_flag(std::string_view name) const {
  const auto at = values_.find(name);
  const auto* value = at == values_.end() ? nullptr : std::get_if<std::int64_t>(&at->second);
  return value != nullptr && *value != 0;
}

std::optional<float> Attributes::take_number(std::string_view name) {
  const auto it = values_.find(name);
  if (it == values_.end() || !std::holds_alternative<std::int64_t>(it->second))
    return take_float(name);
  return static_cast<float>(*take_int(name));
}

std::optional<std::vector<std::int64_t>> Attributes::take_ints(std::string_view name) {
  const auto it = values_.find(name);
  if (it != values_.end() && std::holds_alternative<Empty>(it->second)) {
    values_.erase(it);
    return std::vector<std::int64_t>{};
  }
  return take<std::vector<std::int64_t>>(name, "a list of ints");
}

std::optional<std::vector<float>> Attributes::take_floats(std::string_view name) {
  return take<std::vector<float>>(name, "a list of floats");
}

const onnx::TensorProto* Attributes::take_tensor(std::string_view name) {
  return take<const onnx::TensorProto*>(name, "a tensor").value_or(nullptr);
}

void Attributes::expect_int(std::string_view name, std::initializer_list<std::int64_t> allowed) {
  const auto value = take_int(name);
  if (value && std::ranges::find(allowed, *value) == allowed.end())
    user_error("attribute '{}' is {}; supported: {}", name, *value, fmt::join(allowed, ", "));
}

void Attributes::drop(std::string_view name) {
  const auto it = values_.find(name);
  if (it != values_.end()) values_.erase(it);
}

void Attributes::expect_none(std::string_view type, std::string_view names) const {
  if (!values_.empty())
    user_error("attribute '{}' is not supported; {} takes {}", printable(values_.begin()->first),
               printable(type), names);
}

void Attributes::read_into(Op& op) {
  FieldReader reader(*this);
  op.fields(reader);
  expect_none(op.type(),
              reader.names().empty() ? "none" : fmt::format("{}", fmt::join(reader.names(), ", ")));
}

}  // namespace assay
