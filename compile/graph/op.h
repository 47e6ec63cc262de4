// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "compile/graph/constant.h"
#include "compile/graph/datatype.h"
#include "compile/graph/traits.h"

namespace assay {

struct Node;

/// Visits the typed fields of an operator under their ONNX attribute names. One list serves
/// printing, equality, import and export. `required` fields have no default in the operator's
/// definition.
class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;
  virtual void visit(std::string_view name, std::int64_t& value, bool required = false) = 0;
  virtual void visit(std::string_view name, float& value, bool required = false) = 0;
  virtual void visit(std::string_view name, std::string& value, bool required = false) = 0;
  virtual void visit(std::string_view name, std::vector<std::int64_t>& value,
                     bool required = false) = 0;
  /// A bool is ONNX's int 0 or 1.
  void visit(std::string_view name, bool& value, bool required = false);
  /// Enumerations and data types travel as their names; an unknown name is a UserError.
  void visit(std::string_view name, RoundingMode& value, bool required = false);
  void visit(std::string_view name, Layout& value, bool required = false);
  void visit(std::string_view name, DataType& value, bool required = false);
};

/// How a tensor's elements are stored in an ONNX file. Real-valued tensors, quantised or not, are
/// kFloat32.
enum class Container : std::uint8_t { kFloat32, kInt8, kUInt8, kInt16, kUInt16, kInt32, kInt64 };
std::string_view container_name(Container container);  ///< "float32", "int8", ...
/// The integers a container holds. Precondition: not kFloat32.
DataType container_type(Container container);

/// What is known about an input while shapes are inferred.
struct InferInput {
  const Shape* shape = nullptr;  ///< null: unknown
  Container container = Container::kFloat32;
  const Constant* value = nullptr;  ///< null: not a constant
  bool present = false;             ///< false: an optional input that is left out
};

struct InferOutput {
  Shape shape;
  Container container = Container::kFloat32;
  std::optional<Constant> value;  ///< for shape arithmetic: the output when all inputs are known
};

/// The inputs of a node and room for its outputs. Every failure is a UserError that names the node.
class InferContext {
 public:
  InferContext(const Node& node, std::vector<InferInput> inputs, std::size_t outputs)
      : outputs(outputs), node_(node), inputs_(std::move(inputs)) {}
  const InferInput& input(std::size_t index) const { return inputs_[index]; }
  std::size_t input_count() const { return inputs_.size(); }
  bool has(std::size_t index) const { return index < inputs_.size() && inputs_[index].present; }
  const Shape& shape(std::size_t index) const;              ///< fails when unknown
  const Constant& constant(std::size_t index) const;        ///< fails when not a constant
  std::vector<std::int64_t> ints(std::size_t index) const;  ///< a constant of integers
  [[noreturn]] void fail(const std::string& message) const;

  std::vector<InferOutput> outputs;

 private:
  const Node& node_;
  std::vector<InferInput> inputs_;
};

/// An operator with typed fields. Semantics are those of ONNX (at opset 14) and QONNX; ops.h lists
/// them all.
struct Op {
  virtual ~Op() = default;
  virtual std::string_view type() const = 0;    ///< ONNX op_type
  virtual std::string_view domain() const = 0;  ///< "" or a custom domain
  virtual const Traits& traits() const { return kLayerTraits; }
  /// The layout that its field data_layout names; kUnknown when it has none.
  virtual Layout declared_layout() const { return Layout::kUnknown; }
  virtual std::unique_ptr<Op> clone() const = 0;
  virtual void fields(FieldVisitor&) {}
  /// Shapes and containers of the outputs. Also checks the fields against the inputs.
  virtual void infer(InferContext& context) const = 0;
};

/// "name=value name=value", in field order.
std::string fields_text(const Op& op);
bool same_op(const Op& a, const Op& b);

/// What the registry knows about an operator.
struct OpInfo {
  std::string_view domain, type;
  int min_inputs, max_inputs, outputs;
  int since;  ///< the first version of its domain that has it
  std::unique_ptr<Op> (*make)();
};
/// Every operator of ops.h, then those of hw_ops.h.
std::span<const OpInfo> op_registry();
/// The entry of an operator, or null.
const OpInfo* find_op(std::string_view domain, std::string_view type);

}  // namespace assay
