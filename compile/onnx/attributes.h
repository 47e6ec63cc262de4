// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compile/graph/op.h"
#include "compile/onnx/proto.h"

namespace assay {

/// The attributes of a node of a file. Whoever understands one takes it; what is left over is
/// refused. Every failure is a UserError that names the attribute.
class Attributes {
 public:
  Attributes() = default;
  /// Checks each attribute's type against its content. Graphs, types and sparse tensors are
  /// refused.
  explicit Attributes(const onnx::NodeProto& node);

  bool has(std::string_view name) const { return values_.contains(name); }
  /// Whether it is there as an int other than 0.
  bool has_flag(std::string_view name) const;
  /// The value when present; UserError when it has another type.
  std::optional<std::int64_t> take_int(std::string_view name) {
    return take<std::int64_t>(name, "an int");
  }
  std::optional<float> take_float(std::string_view name) { return take<float>(name, "a float"); }
  /// A float that exporters also write as an int.
  std::optional<float> take_number(std::string_view name);
  std::optional<std::string> take_string(std::string_view name) {
    return take<std::string>(name, "a string");
  }
  std::optional<std::vector<std::int64_t>> take_ints(std::string_view name);
  std::optional<std::vector<float>> take_floats(std::string_view name);
  const onnx::TensorProto* take_tensor(std::string_view name);
  /// Drops an attribute that may only be there with one of `allowed`, because any other changes the
  /// operator's meaning.
  void expect_int(std::string_view name, std::initializer_list<std::int64_t> allowed);
  /// Drops an attribute that cannot change the result here.
  void drop(std::string_view name);
  template <typename T>
  void set(std::string_view name, T value) {
    values_.insert_or_assign(std::string(name), std::move(value));
  }
  template <typename T>
  void set_default(std::string_view name, T value) {
    values_.try_emplace(std::string(name), std::move(value));
  }
  /// Refuses what is left over of an operator that takes `names`.
  void expect_none(std::string_view type, std::string_view names = "none") const;
  /// Fills the operator's fields and refuses what is missing or left over.
  void read_into(Op& op);

 private:
  struct Empty {};  ///< an empty list, whose element type a file need not tell
  using Value = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>,
                             std::vector<float>, const onnx::TensorProto*, Empty>;
  template <typename T>
  std::optional<T> take(std::string_view name, std::string_view type);
  static Value read(const onnx::AttributeProto& attribute);

  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace assay
