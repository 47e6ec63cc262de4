// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compile/graph/op.h"

namespace assay {

struct Tensor;

struct Node {
  std::string name;
  std::unique_ptr<Op> op;
  std::vector<Tensor*> inputs;   ///< null: an optional input that is left out
  std::vector<Tensor*> outputs;  ///< null: an optional output that nobody uses

  /// The operator when it is a T, else null.
  template <typename T>
  const T* as() const {
    return dynamic_cast<const T*>(op.get());
  }
  template <typename T>
  T* as() {
    return dynamic_cast<T*>(op.get());
  }
  /// What is known of its operator.
  const Traits& traits() const { return op->traits(); }
  std::string label() const;  ///< "node 'name' (Conv)", printable
};

/// A value of the graph. Exactly one of: a graph input, a constant, or the output of `producer`.
struct Tensor {
  std::string name;
  Container container = Container::kFloat32;
  DataType dtype;  ///< the values it may hold; FLOAT32 when nothing better is known
  std::optional<Shape> shape;
  Layout layout = Layout::kUnknown;
  std::optional<Constant> constant;
  Node* producer = nullptr;
  std::vector<Node*> consumers;  ///< one entry per use

  bool is_constant() const { return constant.has_value(); }
};
/// The recorded shape. UserError when there is none.
const Shape& known_shape(const Tensor& tensor);

/// Exact numbers that broadcast to a tensor (batch axis included).
struct RealArray {
  Shape shape;
  std::vector<Real> values;

  RealArray() : values{Real(0)} {}
  explicit RealArray(Real value) : values{std::move(value)} {}
  RealArray(Shape s, std::vector<Real> v) : shape(std::move(s)), values(std::move(v)) {}
  bool is_scalar() const { return values.size() == 1; }
  friend bool operator==(const RealArray&, const RealArray&) = default;
};

/// A place where every stage must agree, under a name that all passes keep.
struct Checkpoint {
  enum class Kind : std::uint8_t {
    kInput,       ///< the network's input, after pre-processing
    kActivation,  ///< the output of an activation quantiser
    kLogits,      ///< a real-valued output
    kValues,  ///< one that is no row of logits, whatever its shape: a host makes the output of it
    kLabel,   ///< class indices
  };
  std::string name;
  Kind kind = Kind::kActivation;
  Tensor* tensor = nullptr;  ///< carries it in this stage
  /// The integers q with real = scale * q + offset. kInput, kLogits and kValues have no map of their own
  /// (has_map is false): their exact reals are compared.
  bool has_map = false;
  DataType dtype;
  RealArray scale, offset;
  /// How the tensor carries the checkpoint: real = unit * value + shift, with axis i of the
  /// checkpoint being axis perm[i] of the tensor (empty: the same order). Arrays broadcast to the
  /// checkpoint's shape, as scale and offset do. A quantised tensor of an imported model holds the
  /// reals themselves (unit 1, shift 0), that of an integer graph the integers (unit = scale).
  RealArray unit{Real(1)}, shift;
  std::vector<std::int64_t> perm;

  /// The checkpoint's shape. Precondition: the tensor's shape is known.
  Shape shape() const;
};
std::string_view checkpoint_kind_name(
    Checkpoint::Kind kind);  ///< "input", "activation", "logits", "values", "label"
std::optional<Checkpoint::Kind> parse_checkpoint_kind(std::string_view name);

/// A dataflow graph in single-assignment form. Owns its nodes and tensors; the pointers it hands
/// out live until the element is erased. Copies are deep (constants are shared).
class Graph {
 public:
  std::string name = "graph";

  Graph() = default;
  Graph(const Graph& other);
  Graph& operator=(const Graph& other);
  Graph(Graph&&) noexcept = default;
  Graph& operator=(Graph&&) noexcept = default;

  /// A new tensor; the name is made unique with a suffix when it is taken or empty.
  Tensor* add_tensor(std::string_view name);
  Tensor* add_input(std::string_view name, Shape shape);
  /// A constant; container kFloat32 for floats and reals, kInt64 for integers.
  Tensor* add_constant(std::string_view name, Constant value);
  void add_output(Tensor* tensor) { outputs_.push_back(tensor); }
  /// A new node at the end. `outputs` must be tensors without a producer. The name is made unique.
  Node* add_node(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, std::vector<Tensor*> outputs,
                 std::string_view name = "");
  /// The same with one fresh output tensor named after `output_name`.
  Tensor* add(std::unique_ptr<Op> op, std::vector<Tensor*> inputs,
              std::string_view output_name = "");

  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
  const std::vector<std::unique_ptr<Tensor>>& tensors() const { return tensors_; }
  const std::vector<Tensor*>& inputs() const { return inputs_; }
  const std::vector<Tensor*>& outputs() const { return outputs_; }
  std::vector<Tensor*>& mutable_inputs() { return inputs_; }
  std::vector<Tensor*>& mutable_outputs() { return outputs_; }
  std::vector<Checkpoint>& checkpoints() { return checkpoints_; }
  const std::vector<Checkpoint>& checkpoints() const { return checkpoints_; }

  Tensor* find_tensor(std::string_view name) const;  ///< null when absent
  Node* find_node(std::string_view name) const;
  bool is_input(const Tensor* tensor) const;
  bool is_output(const Tensor* tensor) const;

  /// Gives input `index` of `node` another tensor, and keeps the consumer lists right.
  void set_input(Node* node, std::size_t index, Tensor* tensor);
  void append_input(Node* node, Tensor* tensor);
  void remove_inputs_from(Node* node, std::size_t first);  ///< drops inputs first.. of node
  /// Every use of `from`, graph outputs and checkpoints included, becomes a use of `to`.
  void replace_uses(Tensor* from, Tensor* to);
  /// Moves the producer of `from` so that it produces `to` (which must have none); `from` is left
  /// without one.
  void move_producer(Tensor* from, Tensor* to);
  /// Removes a node; its outputs stay as tensors without a producer.
  void erase(Node* node);
  /// Removes a tensor that nobody uses or produces.
  void erase(Tensor* tensor);
  /// Removes nodes whose outputs nobody uses (no consumer, no graph output, no checkpoint), and
  /// then unused tensors. Returns how many of both.
  std::size_t remove_dead();
  void rename(Tensor* tensor, std::string_view name);  ///< the new name must be free
  void rename(Node* node, std::string_view name);

  /// Nodes so that every producer comes before its consumers; ties in insertion order. UserError
  /// naming a node on a cycle.
  std::vector<Node*> topological_order() const;
  /// Reorders nodes() topologically.
  void sort();

 private:
  std::string unique_tensor_name(std::string_view wanted);
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Tensor>> tensors_;
  std::unordered_map<std::string, Tensor*> tensor_names_;
  std::unordered_map<std::string, Node*> node_names_;
  std::unordered_map<std::string, int> next_suffix_;
  std::vector<Tensor*> inputs_, outputs_;
  std::vector<Checkpoint> checkpoints_;
};

/// Checks the whole graph: acyclic, single assignment, uses and producers agree, names unique,
/// fields and shapes of every node agree with what is recorded, constants within their data types,
/// checkpoints carried by tensors of the graph. UserError naming the node or tensor; runs after
/// import and after every pass.
void verify(const Graph& graph);

/// Infers shapes and containers of all tensors in topological order, shape arithmetic included.
/// Recorded shapes must agree with the inferred ones, unless `overwrite`. Returns whether anything
/// changed.
bool infer_shapes(Graph& graph, bool overwrite = false);

/// One line per tensor and node, deterministic; constants as digests. Equal texts mean equal
/// graphs.
std::string to_text(const Graph& graph);

/// Records the checkpoints that the graph itself calls for (derived_checkpoints()). Existing
/// checkpoints are replaced.
void mark_checkpoints(Graph& graph);

}  // namespace assay
