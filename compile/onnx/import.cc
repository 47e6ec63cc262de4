// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/import.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_set>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/onnx/annotations.h"
#include "compile/onnx/batch_axis.h"
#include "compile/onnx/builder.h"
#include "compile/onnx/dialect.h"
#include "compile/onnx/metadata.h"
#include "compile/onnx/model.h"
#include "compile/onnx/tensors.h"

namespace assay {
namespace {

using onnx::NodeProto;

/// Of the IR, where one of the file may be several.
constexpr std::size_t kMaxBuiltNodes = 1 << 15;
/// Steps that look through the inputs once per tensor stay quick.
constexpr std::size_t kMaxInputs = 1024;

std::string label(const NodeProto& node) {
  if (!node.name().empty() || node.output_size() == 0)
    return fmt::format("node '{}' ({})", printable(node.name()), printable(node.op_type()));
  return fmt::format("the node that makes '{}' ({})", printable(node.output(0)),
                     printable(node.op_type()));
}

/// Runs `step`; a UserError gets `where` in front unless it is there already.
template <typename Step>
void located(const std::string& where, Step step) {
  try {
    step();
  } catch (const UserError& error) {
    const std::string_view message = error.what();
    if (message.starts_with(where)) throw;
    user_error("{}: {}", where, message);
  }
}

bool is_constant_node(const NodeProto& node) {
  return is_standard_domain(node.domain()) && node.op_type() == "Constant";
}

/// Turns one model into one graph.
class Importer {
 public:
  Importer(const onnx::ModelProto& model, const std::filesystem::path& folder)
      : model_(model), proto_(model.graph()), opsets_(model), reader_(folder) {}

  Graph run() {
    builder_.graph.name = proto_.name().empty() ? "graph" : proto_.name();
    check_name(builder_.graph.name, "the graph's name");
    read_initializers();
    read_inputs();
    declare_node_outputs();
    for (const int index : node_order()) {
      const NodeProto& node = proto_.node(index);
      if (is_constant_node(node)) continue;
      if (!attempt(label(node), [&] { read_node(node); })) take_as_declared(node);
    }
    if (is_refused()) return Graph();
    read_outputs();
    remarks_ = apply_annotations(proto_, tensors_);
    drop_leftovers();
    check_value_infos();
    return finish();
  }

  std::vector<std::string> take_remarks() { return std::move(remarks_); }

  /// All that run() would throw, as far as it can be seen behind what is refused.
  std::vector<Refusal> refusals() {
    std::vector<Refusal> found;
    refusals_ = &found;
    try {
      run();
    } catch (const UserError& error) {  // nothing behind it could be read
      found.push_back({"", error.what()});
    }
    return found;
  }

 private:
  /// Runs a step. Where refusals are collected, what it throws is one, and the answer false.
  template <typename Step>
  bool attempt(const std::string& where, Step step) {
    if (!refusals_) {
      located(where, step);
      return true;
    }
    try {
      step();
      return true;
    } catch (const UserError& error) {
      refusals_->push_back(Refusal::of(where, error.what()));
      return false;
    }
  }

  bool is_refused() const { return refusals_ && !refusals_->empty(); }

  /// Behind a refused node, or one of unknown inputs, the graph goes on from the shapes that the file
  /// declares; where it does not, nothing can be said of the nodes that read them.
  void take_as_declared(const NodeProto& node) {
    for (const std::string& name : node.output())
      if (!name.empty() && !set_declared(*tensors_.at(name), name)) unknown_.insert(name);
  }

  bool set_declared(Tensor& tensor, const std::string& name) const {
    for (const auto* infos : {&proto_.value_info(), &proto_.output()})
      for (const auto& info : *infos) {
        const auto& type = info.type().tensor_type();
        const auto container = element_container(type.elem_type());
        if (info.name() != name || !container || !type.has_shape()) continue;
        Shape shape;
        for (const auto& dim : type.shape().dim()) shape.push_back(dim.dim_value());
        if (std::ranges::any_of(shape, [](std::int64_t n) { return n < 1; })) continue;
        tensor.shape = std::move(shape);
        tensor.container = *container;
        return true;
      }
    return false;
  }

  /// A tensor for a name that must be new.
  Tensor* declare(const std::string& name, std::string_view what) {
    check_name(name, what);
    const auto [it, fresh] = tensors_.emplace(name, nullptr);
    if (!fresh)
      user_error("{} '{}' has the name of another tensor; names must be unique", what,
                 printable(name));
    return it->second = builder_.graph.add_tensor(name);
  }

  void read_initializers() {
    for (const auto& proto : proto_.initializer()) {
      const std::string what = fmt::format("initializer '{}'", printable(proto.name()));
      if (proto.name().empty()) user_error("an initializer has no name");
      Tensor* tensor = declare(proto.name(), "initializer");
      if (!attempt(what, [&] { builder_.set_constant(tensor, reader_.read(proto, what)); }))
        unknown_.insert(proto.name());
    }
    if (is_refused()) return;  // what follows speaks of all of them
    read_exact_constants(model_, tensors_);
  }

  void read_inputs() {
    std::unordered_set<std::string> names;
    for (const auto& info : proto_.input()) {
      if (!names.insert(info.name()).second)
        user_error("input '{}' occurs twice", printable(info.name()));
      // Exporters list parameters as inputs too; the value wins.
      if (tensors_.contains(info.name())) continue;
      if (info.name().empty()) user_error("an input has no name");
      if (builder_.graph.inputs().size() >= kMaxInputs)
        user_error("the graph has more than {} inputs", kMaxInputs);
      if (attempt(fmt::format("input '{}'", printable(info.name())), [&] { read_input(info); }))
        continue;
      declare(info.name(), "input");
      unknown_.insert(info.name());
    }
  }

  static bool is_known(const onnx::TensorShapeProto_Dimension& dim) {
    return dim.has_dim_value() && dim.dim_value() != 0 && dim.dim_value() != -1;
  }

  void read_input(const onnx::ValueInfoProto& info) {
    if (!info.type().has_tensor_type())
      user_error("it is not a tensor; only tensors are supported");
    const auto& type = info.type().tensor_type();
    const auto container = element_container(type.elem_type());
    if (!container || type.elem_type() == onnx::TensorProto::BOOL)
      user_error("element type {} is not supported; use float or integers",
                 element_type_text(type.elem_type()));
    if (!type.has_shape()) user_error("its shape is missing; export the model with a static shape");
    Shape shape;
    for (const auto& dim : type.shape().dim()) {
      const bool known = is_known(dim);
      if (!known && !shape.empty())
        user_error("axis {} has no fixed size{}; export the model with a static shape",
                   shape.size(),
                   dim.dim_param().empty() ? "" : " ('" + printable(dim.dim_param()) + "')");
      shape.push_back(known ? dim.dim_value() : 1);  // a batch of unknown size is one image
    }
    check_shape(shape);
    Tensor* tensor = declare(info.name(), "input");
    tensor->shape = std::move(shape);
    tensor->container = *container;
    if (type.shape().dim_size() > 0 && !is_known(type.shape().dim(0))) open_.push_back(tensor);
    if (*container != Container::kFloat32)
      tensor->dtype = narrow_type(type.elem_type()).value_or(container_type(*container));
    builder_.graph.mutable_inputs().push_back(tensor);
  }

  void declare_node_outputs() {
    for (const NodeProto& node : proto_.node()) {
      located(label(node), [&] {
        for (const std::string& name : node.output())
          if (!name.empty()) declare(name, "output");
      });
      if (is_constant_node(node) && !attempt(label(node), [&] { read_constant_node(node); }))
        take_as_declared(node);
      for (const std::string& name : node.input()) used_.insert(name);
    }
    for (const auto& info : proto_.output()) used_.insert(info.name());
  }

  void read_constant_node(const NodeProto& node) {
    if (node.input_size() != 0 || node.output_size() != 1 || node.output(0).empty() ||
        node.attribute_size() != 1)
      user_error("a Constant has one attribute, no input and one output");
    Attributes attributes(node);
    const auto scalar_shape = [](const auto& values) {
      return Shape{static_cast<std::int64_t>(values.size())};
    };
    TensorValue value;
    if (const auto* tensor = attributes.take_tensor("value")) {
      value = reader_.read(*tensor, "its value");
    } else if (const auto number = attributes.take_float("value_float")) {
      value.constant = Constant(Shape{}, std::vector<float>{*number});
    } else if (const auto floats = attributes.take_floats("value_floats")) {
      value.constant = Constant(scalar_shape(*floats), *floats);
    } else if (const auto integer = attributes.take_int("value_int")) {
      value.constant = Constant(Shape{}, std::vector<std::int64_t>{*integer});
      value.container = Container::kInt64;
    } else if (const auto ints = attributes.take_ints("value_ints")) {
      value.constant = Constant(scalar_shape(*ints), *ints);
      value.container = Container::kInt64;
    } else {
      user_error("attribute '{}' is not supported; value, value_float(s) and value_int(s) are",
                 printable(node.attribute(0).name()));
    }
    builder_.set_constant(tensors_.at(node.output(0)), std::move(value));
  }

  /// Producers before consumers, otherwise in the order of the file.
  std::vector<int> node_order() const {
    std::unordered_map<std::string, int> producer;
    for (int i = 0; i < proto_.node_size(); ++i)
      for (const std::string& name : proto_.node(i).output())
        if (!name.empty()) producer[name] = i;
    const auto count = static_cast<std::size_t>(proto_.node_size());
    std::vector<int> waiting(count, 0);
    std::vector<std::vector<int>> consumers(count);
    for (int i = 0; i < proto_.node_size(); ++i) {
      for (int k = 0; k < proto_.node(i).input_size(); ++k) {
        const std::string& name = proto_.node(i).input(k);
        if (!name.empty() && !tensors_.contains(name))
          user_error("{}: input {} is '{}', which nothing produces", label(proto_.node(i)), k,
                     printable(name));
        const auto it = producer.find(name);
        if (it == producer.end()) continue;
        consumers[static_cast<std::size_t>(it->second)].push_back(i);
        ++waiting[static_cast<std::size_t>(i)];
      }
    }
    return sorted(waiting, consumers);
  }

  std::vector<int> sorted(std::vector<int> waiting,
                          const std::vector<std::vector<int>>& consumers) const {
    std::priority_queue<int, std::vector<int>, std::greater<>> ready;
    for (std::size_t i = 0; i < waiting.size(); ++i)
      if (waiting[i] == 0) ready.push(static_cast<int>(i));
    std::vector<int> order;
    while (!ready.empty()) {
      order.push_back(ready.top());
      ready.pop();
      for (const int user : consumers[static_cast<std::size_t>(order.back())])
        if (--waiting[static_cast<std::size_t>(user)] == 0) ready.push(user);
    }
    const auto stuck = std::ranges::find_if(waiting, [](int n) { return n > 0; });
    if (stuck != waiting.end())
      user_error("{} is on or behind a cycle; a network must be acyclic",
                 label(proto_.node(static_cast<int>(stuck - waiting.begin()))));
    return order;
  }

  void read_node(const NodeProto& node) {
    check_name(node.name(), "the node's name");
    const ResolvedOp op = resolve_op(node.domain(), node.op_type());
    Draft draft;
    draft.name = node.name();
    draft.type = op.type;
    draft.domain = op.domain;
    // A quantiser in the standard domain comes from before there were versions.
    const bool stray = is_standard_domain(node.domain()) && !op.domain.empty();
    draft.version = stray ? 1 : opsets_.version(node.domain());
    if (op.domain == ops::kQonnxDomain && draft.version > kNewestQonnx)
      user_error("version {} of domain '{}' is not supported; 1 to {} are", draft.version,
                 printable(node.domain()), kNewestQonnx);
    if (op.domain.starts_with(ops::kAssayDomain) && draft.version != 1)
      user_error("version {} of domain '{}' is not supported; 1 is", draft.version,
                 ops::kAssayDomain);
    const OpInfo* info = find_op(op.domain, op.type);
    if (info && !stray && draft.version < info->since)
      user_error(
          "the operator came with version {} of its domain, and the file says {}; export again",
          info->since, draft.version);
    draft.attributes = Attributes(node);
    if (std::ranges::any_of(node.input(), [&](const auto& n) { return unknown_.contains(n); }))
      return take_as_declared(node);
    for (const std::string& name : node.input())
      draft.inputs.push_back(name.empty() ? nullptr : tensors_.at(name));
    for (const std::string& name : node.output()) {
      draft.outputs.push_back(name.empty() ? nullptr : tensors_.at(name));
      draft.used.push_back(used_.contains(name));
    }
    build_node(builder_, std::move(draft));
    if (builder_.graph.nodes().size() > kMaxBuiltNodes)
      user_error("the nodes up to here become more than {}; export the network by itself",
                 kMaxBuiltNodes);
  }

  void read_outputs() {
    for (const auto& info : proto_.output()) {
      const auto it = tensors_.find(info.name());
      if (it == tensors_.end())
        user_error("output '{}' is produced by nothing", printable(info.name()));
      if (builder_.graph.is_output(it->second))
        user_error("output '{}' occurs twice", printable(info.name()));
      builder_.graph.add_output(it->second);
    }
  }

  /// Outputs that the IR's operators do not have, and parameters that no node needs any more.
  void drop_leftovers() {
    std::vector<Tensor*> leftovers;
    const Graph& graph = builder_.graph;
    for (const auto& [name, tensor] : tensors_)
      if (!tensor->producer && tensor->consumers.empty() && !graph.is_input(tensor) &&
          !graph.is_output(tensor) && (!tensor->constant || used_.contains(name)))
        leftovers.push_back(tensor);
    for (Tensor* tensor : leftovers) {
      tensors_.erase(tensor->name);
      builder_.graph.erase(tensor);
    }
  }

  /// What the file says about a tensor's type must not contradict what follows from the inputs.
  void check_value_infos() const {
    for (const auto* infos : {&proto_.value_info(), &proto_.output()})
      for (const auto& info : *infos) {
        const auto it = tensors_.find(info.name());
        // A left-over entry for a tensor that is gone says nothing about this graph.
        if (it != tensors_.end() && info.type().has_tensor_type())
          check_value_info(*it->second, info.type().tensor_type());
      }
  }

  static void check_value_info(const Tensor& tensor, const onnx::TypeProto_Tensor& type) {
    const auto container = element_container(type.elem_type());
    if (type.elem_type() != onnx::TensorProto::UNDEFINED && container != tensor.container)
      user_error("tensor '{}' is declared as {} but is {}", printable(tensor.name),
                 element_type_text(type.elem_type()), container_name(tensor.container));
    if (!type.has_shape() || !tensor.shape) return;
    const auto& dims = type.shape().dim();
    bool agree = static_cast<std::size_t>(dims.size()) == tensor.shape->size();
    for (int i = 0; agree && i < dims.size(); ++i) {
      agree =
          !is_known(dims[i]) || dims[i].dim_value() == (*tensor.shape)[static_cast<std::size_t>(i)];
    }
    if (!agree)
      user_error(
          "tensor '{}' is declared with another shape than {}, which follows from the graph's "
          "inputs",
          printable(tensor.name), shape_text(*tensor.shape));
  }

  Graph finish() {
    Graph& graph = builder_.graph;
    graph.sort();
    infer_shapes(graph);
    if (!read_checkpoints(model_, graph)) mark_checkpoints(graph);
    verify(graph);
    check_images_apart(graph, open_);
    return std::move(graph);
  }

  const onnx::ModelProto& model_;
  const onnx::GraphProto& proto_;
  Opsets opsets_;
  TensorReader reader_;
  GraphBuilder builder_;
  TensorMap tensors_;
  std::unordered_set<std::string> used_;
  std::vector<Tensor*> open_;  ///< inputs whose batch axis has no number
  std::vector<std::string> remarks_;
  std::vector<Refusal>* refusals_ = nullptr;  ///< null: the first one is thrown
  std::unordered_set<std::string> unknown_;   ///< tensors without a shape behind what was refused
};

}  // namespace

Graph import_bytes(std::string_view bytes, const std::filesystem::path& folder,
                   std::string_view what, std::vector<std::string>* remarks) {
  std::optional<Graph> graph;
  located(printable(what), [&] {
    const onnx::ModelProto model = parse_model(bytes);
    Importer importer(model, folder);
    graph = importer.run();
    if (remarks) *remarks = importer.take_remarks();
  });
  return std::move(*graph);
}

std::vector<Refusal> import_refusals(std::string_view bytes, const std::filesystem::path& folder) {
  try {
    const onnx::ModelProto model = parse_model(bytes);
    return Importer(model, folder).refusals();
  } catch (const UserError& error) {
    return {{"", error.what()}};
  }
}

std::map<std::string, std::string> node_labels(std::string_view bytes) {
  const onnx::ModelProto model = parse_model(bytes);
  std::map<std::string, std::string> labels;
  for (const NodeProto& node : model.graph().node())
    for (const std::string& output : node.output()) labels.emplace(output, label(node));
  return labels;
}

std::filesystem::path model_folder(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Graph import_model(const std::filesystem::path& path) {
  return import_bytes(read_file(path), model_folder(path), path.string());
}

}  // namespace assay
