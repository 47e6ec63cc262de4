// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/verilog/stitch.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "compile/backend/verilog/adder_text.h"
#include "compile/backend/verilog/identifiers.h"
#include "compile/backend/verilog/rtl_library.h"
#include "compile/backend/verilog/wrapper.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

/// A layer's end of a stream.
struct End {
  std::size_t node = 0, stream = 0;
};

std::string stream_text(const hw::Stream& s) {
  return fmt::format("{} {}{} a beat{}", s.lanes, s.dtype.name(), s.lanes == 1 ? "" : "s",
                     s.last ? " with TLAST" : "");
}

class Stitcher {
 public:
  explicit Stitcher(const StitchSpec& spec) : spec_(spec) {}

  StitchedRtl run() {
    rtl_.module = spec_.module;
    add_nodes();
    for (std::size_t n = 0; n < rtl_.nodes.size(); ++n) note_ends(n);
    add_streams();
    number_ports(rtl_.slaves, "s_axis");
    number_ports(rtl_.masters, "m_axis");
    add_stores();
    add_files();
    return std::move(rtl_);
  }

 private:
  void add_nodes() {
    Identifiers names;
    for (const Node* node : spec_.nodes)
      rtl_.nodes.push_back({node, names.make(node->name), hw::build_layer(*node), {}, {}, {}});
    for (StitchedNode& node : rtl_.nodes) {
      node.inputs.resize(node.layer.inputs.size());
      node.outputs.resize(node.layer.outputs.size());
    }
  }

  bool is_input(const Tensor* tensor) const {
    return std::ranges::find(spec_.inputs, tensor) != spec_.inputs.end();
  }

  /// What a layer reads, as its writer or the edge gives it.
  const Tensor* source(const Tensor* tensor) const {
    while (!is_input(tensor) && !tensor->is_constant() && !writers_.contains(tensor)) {
      const Node* before = tensor->producer;
      if (!before || before->inputs.empty() || hw::find_layer(*before))
        user_error("'{}' comes from no layer of the design and is no input of it",
                   printable(tensor->name));
      tensor = before->inputs[0];
    }
    return tensor;
  }

  void note_ends(std::size_t n) {
    const hw::Layer& layer = rtl_.nodes[n].layer;
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
      const Tensor* tensor = layer.inputs[i].tensor;
      if (tensor->is_constant())
        weights_.push_back({n, i});
      else
        readers_[source(tensor)].push_back({n, i});
    }
    for (std::size_t i = 0; i < layer.outputs.size(); ++i)
      writers_[layer.outputs[i].tensor] = {n, i};
  }

  void add_streams() {
    for (const Tensor* tensor : spec_.inputs) add_slave(tensor, only_reader(tensor, false).value());
    for (const End& end : weights_) add_slave(hw_stream(end, true).tensor, end);
    for (std::size_t n = 0; n < rtl_.nodes.size(); ++n)
      for (std::size_t i = 0; i < rtl_.nodes[n].layer.outputs.size(); ++i) add_written({n, i});
  }

  const hw::Stream& hw_stream(const End& end, bool input) const {
    const hw::Layer& layer = rtl_.nodes[end.node].layer;
    return (input ? layer.inputs : layer.outputs)[end.stream];
  }
  const Node& node_of(const End& end) const { return *rtl_.nodes[end.node].node; }

  /// Nothing when the tensor only leaves the design.
  std::optional<End> only_reader(const Tensor* tensor, bool leaves) const {
    const auto it = readers_.find(tensor);
    const std::size_t count = (it == readers_.end() ? 0 : it->second.size()) + (leaves ? 1 : 0);
    if (count == 0) user_error("nobody reads '{}'; remove it", printable(tensor->name));
    if (count > 1) {
      std::string who = leaves ? "an output of the design" : "";
      for (const End& end : it->second) who += (who.empty() ? "" : ", ") + node_of(end).label();
      user_error("'{}' has several readers ({}); put a DuplicateStreams in front of them",
                 printable(tensor->name), who);
    }
    return leaves ? std::optional<End>() : it->second[0];
  }

  std::size_t add_stream(const Tensor* tensor, const hw::Stream& stream) {
    std::string name = wires_.make(tensor->name);
    if (name.starts_with("u_")) name = wires_.make("t_" + name);  // those are instances
    rtl_.streams.push_back({std::move(name), {}, {}, stream});
    rtl_.streams.back().stream.tensor = tensor;
    return rtl_.streams.size() - 1;
  }

  void connect_reader(std::size_t stream, const End& end) {
    rtl_.streams[stream].reader = end.node;
    rtl_.nodes[end.node].inputs[end.stream] = stream;
  }

  void add_slave(const Tensor* tensor, const End& end) {
    const hw::Stream& stream = hw_stream(end, true);
    const std::size_t index = add_stream(tensor, stream);
    connect_reader(index, end);
    rtl_.slaves.push_back({"", index, stream.bits()});
  }

  void add_written(const End& end) {
    const hw::Stream& stream = hw_stream(end, false);
    const bool leaves = std::ranges::find(spec_.outputs, stream.tensor) != spec_.outputs.end();
    const std::optional<End> reader = only_reader(stream.tensor, leaves);
    if (reader) check_same(end, *reader);
    const std::size_t index = add_stream(stream.tensor, stream);
    rtl_.streams[index].writer = end.node;
    rtl_.nodes[end.node].outputs[end.stream] = index;
    if (reader)
      connect_reader(index, *reader);
    else
      rtl_.masters.push_back({"", index, stream.data_bits()});
  }

  void check_same(const End& writer, const End& reader) const {
    const hw::Stream &out = hw_stream(writer, false), &in = hw_stream(reader, true);
    if (out.lanes == in.lanes && out.dtype == in.dtype && out.beats == in.beats &&
        out.last == in.last)
      return;
    user_error("{} gives {} and {} takes {}; put a StreamingDataWidthConverter between them",
               node_of(writer).label(), stream_text(out), node_of(reader).label(), stream_text(in));
  }

  static void number_ports(std::vector<StitchedPort>& ports, const std::string& name) {
    for (std::size_t i = 0; i < ports.size(); ++i)
      ports[i].prefix = ports.size() == 1 ? name : fmt::format("{}_{}", name, i);
  }

  // ---- Run-time weights ----

  void add_stores() {
    std::int64_t address = kWeightWindow;
    for (StitchedNode& node : rtl_.nodes) {
      if (!ports_of(node).ring) continue;
      node.ring = wires_.make(node.layer.stores.empty() ? "unused_ring" : "ring");
      for (const hw::StoreNeed& need : node.layer.stores) {
        rtl_.stores.push_back({node.node->name, node.name + "_" + need.image, need, address});
        if (address + 4 * need.size() > kWeightBytes)
          user_error(
              "{}: its run-time weights lie beyond the {} bytes of an AXI4-Lite port; let fewer "
              "layers have some",
              node.node->label(), kWeightBytes);
        address += 4 * need.size();
      }
    }
    if (rtl_.stores.empty()) return;
    control_words_ = (address - kWeightWindow) / 4;
    layers_reset_ = wires_.make("layers_rst_n");
    first_ring_ = wires_.make("ring");
    slave_valid_ = wires_.make("gate_valid_in");
    slave_ready_ = wires_.make("gate_ready_in");
  }

  static hw::Ports ports_of(const StitchedNode& node) {
    return hw::find_layer(*node.node)->ports(*node.node);
  }

  /// The wires of a layer: on the ring behind the layer before it, where it has stores.
  LayerWires wires_of(std::size_t n) const {
    LayerWires wires;
    if (!rtl_.stores.empty()) wires.reset = layers_reset_;
    wires.ring_out = rtl_.nodes[n].ring;
    if (rtl_.nodes[n].layer.stores.empty()) return wires;
    wires.ring_in = first_ring_;
    for (std::size_t i = 0; i < n; ++i)
      if (!rtl_.nodes[i].layer.stores.empty()) wires.ring_in = rtl_.nodes[i].ring;
    return wires;
  }

  std::string last_ring() const {
    std::string last = first_ring_;
    for (const StitchedNode& node : rtl_.nodes)
      if (!node.layer.stores.empty()) last = node.ring;
    return last;
  }

  /// The control and its wires.
  std::string control_text() const {
    const std::size_t slaves = rtl_.slaves.size(), masters = rtl_.masters.size();
    std::string beats, pins, valid, ready, left;
    for (std::size_t i = slaves; i-- > 0;) {
      const StitchedStream& s = rtl_.streams[rtl_.slaves[i].stream];
      beats += fmt::format("{}32'd{}", beats.empty() ? "" : ", ", s.stream.beats);
      valid += fmt::format("{}{}_tvalid", valid.empty() ? "" : ", ", rtl_.slaves[i].prefix);
      ready += fmt::format("{}{}_ready", ready.empty() ? "" : ", ", s.name);
    }
    for (std::size_t m = masters; m-- > 0;)
      left += fmt::format("{0}{1}_tvalid && {1}_tready && {1}_tlast", left.empty() ? "" : ", ",
                          rtl_.masters[m].prefix);
    for (const WeightSignal& s : weight_signals()) pins += fmt::format(",\n    .{0}({0})", s.name);
    return fmt::format(
        "\n  // Run-time weights.\n  logic [65:0] {};\n  logic {};\n  logic [{}:0] {}, {};\n"
        "  assay_store_control #(\n    .Slaves({}),\n    .Masters({}),\n    .SlaveBeats({{{}}}),\n "
        "   "
        ".Words(32'd{})\n  ) store_control (\n    .clk_i(clk_i),\n    .rst_ni(rst_ni){},\n"
        "    .slave_valid_i({{{}}}),\n    .slave_ready_o({}),\n    .layer_valid_o({}),\n"
        "    .layer_ready_i({{{}}}),\n    .left_i({{{}}}),\n    .layers_rst_no({}),\n    "
        ".ring_o({}),\n"
        "    .ring_i({})\n  );\n",
        first_ring_, layers_reset_, slaves - 1, slave_valid_, slave_ready_, slaves, masters, beats,
        control_words_, pins, valid, slave_ready_, slave_valid_, ready, left, layers_reset_,
        first_ring_, last_ring());
  }

  // ---- Text ----

  void add_files() {
    const auto add = [&](std::string name, std::string text) {
      if (std::ranges::find(rtl_.files, name, &NodeRtl::File::name) == rtl_.files.end())
        rtl_.files.push_back({std::move(name), std::move(text)});
    };
    const auto add_module = [&](std::string_view module) {
      for (const RtlFile& file : rtl_sources(module))
        add(std::string(file.name), std::string(file.text));
    };
    for (const StitchedNode& node : rtl_.nodes)
      for (LayerSource& source : layer_sources(node.layer))
        add(std::move(source.name), std::move(source.text));
    add_module("assay_tlast_marker");
    if (!rtl_.stores.empty()) add_module("assay_store_control");
    rtl_.files.push_back({spec_.module + ".sv", module_text()});
  }

  std::string module_text() const {
    std::string text =
        fmt::format("module {} (\n  input  logic clk_i,\n  input  logic rst_ni", spec_.module);
    for (const StitchedPort& port : rtl_.slaves) text += port_text(port, true);
    for (const StitchedPort& port : rtl_.masters) text += port_text(port, false);
    if (!rtl_.stores.empty()) text += "\n";
    if (!rtl_.stores.empty())
      for (const WeightSignal& s : weight_signals())
        text += fmt::format(",\n  {} logic {}{}", s.input ? "input " : "output",
                            s.scalar ? "" : fmt::format("[{}:0] ", s.bits - 1), s.name);
    text += "\n);\n";
    for (const StitchedStream& stream : rtl_.streams) text += wires_text(stream);
    for (const StitchedNode& node : rtl_.nodes)
      if (!node.ring.empty()) text += fmt::format("  logic [65:0] {};\n", node.ring);
    if (!rtl_.stores.empty()) text += control_text();
    for (std::size_t i = 0; i < rtl_.slaves.size(); ++i) text += slave_text(i);
    for (std::size_t n = 0; n < rtl_.nodes.size(); ++n) text += node_text(n);
    for (const StitchedPort& port : rtl_.masters) text += master_text(port);
    return text + "\nendmodule\n";
  }

  static std::string port_text(const StitchedPort& port, bool slave) {
    const char *in = slave ? "input " : "output", *out = slave ? "output" : "input ";
    return fmt::format(
        ",\n\n  {0} logic {3}_tvalid,\n  {1} logic {3}_tready,\n  {0} logic [{2}:0] {3}_tdata,\n"
        "  {0} logic {3}_tlast",
        in, out, port.tdata_bits() - 1, port.prefix);
  }

  std::string end_name(const std::optional<std::size_t>& node) const {
    return node ? fmt::format("'{}'", printable(rtl_.nodes[*node].node->name)) : "the edge";
  }

  std::string wires_text(const StitchedStream& s) const {
    return fmt::format(
        "\n  // Stream '{}' from {} to {}: {}, {} a frame.\n  logic {}_valid, {}_ready;\n  logic "
        "[{}:0] {}_data;\n",
        printable(s.stream.tensor->name), end_name(s.writer), end_name(s.reader),
        stream_text(s.stream), s.stream.beats, s.name, s.name, s.stream.bits() - 1, s.name);
  }

  std::string slave_text(std::size_t i) const {
    const StitchedPort& port = rtl_.slaves[i];
    const bool gated = !rtl_.stores.empty();
    const std::string& wire = rtl_.streams[port.stream].name;
    const std::string padding =
        port.bits == port.tdata_bits()
            ? ""
            : fmt::format(", {}_tdata[{}:{}]", port.prefix, port.tdata_bits() - 1, port.bits);
    return fmt::format(
        "\n  assign {0}_valid = {4};\n  assign {1}_tready = {5};\n  assign {0}_data = "
        "{1}_tdata[{2}:0];\n  logic unused_{1};\n  assign unused_{1} = &{{1'b0, {1}_tlast{3}}};\n",
        wire, port.prefix, port.bits - 1, padding,
        gated ? fmt::format("{}[{}]", slave_valid_, i) : port.prefix + "_tvalid",
        gated ? fmt::format("{}[{}]", slave_ready_, i) : wire + "_ready");
  }

  std::string node_text(std::size_t n) const {
    const StitchedNode& node = rtl_.nodes[n];
    const auto signal = [&](bool input, std::size_t stream, std::string_view name) {
      const auto& ends = input ? node.inputs : node.outputs;
      return fmt::format("{}_{}", rtl_.streams[ends[stream]].name, name);
    };
    return "\n" +
           instance_text("u_" + node.name, node.with_files(), ports_of(node), wires_of(n), signal);
  }

  /// TLAST is the writer's, or a marker counts beats.
  std::string master_text(const StitchedPort& port) const {
    const StitchedStream& s = rtl_.streams[port.stream];
    const int padding = port.tdata_bits() - port.bits;
    const std::string zeros = padding == 0 ? "" : fmt::format("{}'b0, ", padding);
    if (s.stream.last)
      return fmt::format(
          "\n  assign {0}_tvalid = {1}_valid;\n  assign {1}_ready = {0}_tready;\n  assign "
          "{0}_tdata = {{{2}{1}_data[{3}:0]}};\n  assign {0}_tlast = {1}_data[{4}];\n",
          port.prefix, s.name, zeros, port.bits - 1, port.bits);
    return fmt::format(
        "\n  logic [{3}:0] {0}_payload;\n  assign {0}_tdata = {{{2}{0}_payload}};\n"
        "  assay_tlast_marker #(\n    .Bits({4}),\n    .Beats({5})\n  ) mark_{0} (\n    "
        ".clk_i(clk_i),"
        "\n    .rst_ni(rst_ni),\n    .in_valid_i({1}_valid),\n    .in_ready_o({1}_ready),\n"
        "    .in_data_i({1}_data),\n    .out_valid_o({0}_tvalid),\n    .out_ready_i({0}_tready),\n"
        "    .out_data_o({{{0}_tlast, {0}_payload}})\n  );\n",
        port.prefix, s.name, zeros, port.bits - 1, port.bits, s.stream.beats);
  }

  const StitchSpec& spec_;
  StitchedRtl rtl_;
  Identifiers wires_;
  std::map<const Tensor*, End> writers_;
  std::map<const Tensor*, std::vector<End>> readers_;
  std::vector<End> weights_;
  std::int64_t control_words_ = 0;
  std::string layers_reset_, first_ring_, slave_valid_, slave_ready_;
};

/// A module around the accelerator that shows what goes over its streams.
struct MonitoredText {
  std::string ports, pins, body;

  void add_slave(std::size_t i, const StitchedPort& p) {
    ports += fmt::format(
        ",\n  input  logic in{0}_valid_i,\n  output logic in{0}_ready_o,\n  input  logic [{1}:0] "
        "in{0}_data_i",
        i, p.bits);
    // What is above the data must not matter.
    const int padding = p.tdata_bits() - p.bits;
    const std::string ones = padding == 0 ? "" : fmt::format("{{{}{{1'b1}}}}, ", padding);
    pins += fmt::format(
        ",\n    .{0}_tvalid(in{1}_valid_i),\n    .{0}_tready(in{1}_ready_o),\n    "
        ".{0}_tdata({{{2}in{1}_data_i[{3}:0]}}),\n    .{0}_tlast(in{1}_data_i[{4}])",
        p.prefix, i, ones, p.bits - 1, p.bits);
  }

  void add_master(std::size_t i, const StitchedPort& p) {
    ports += fmt::format(
        ",\n  output logic out{0}_valid_o,\n  input  logic out{0}_ready_i,\n  output logic [{1}:0] "
        "out{0}_data_o",
        i, p.tdata_bits());
    pins += fmt::format(
        ",\n    .{0}_tvalid(out{1}_valid_o),\n    .{0}_tready(out{1}_ready_i),\n    "
        ".{0}_tdata(out{1}_data_o[{2}:0]),\n    .{0}_tlast(out{1}_data_o[{3}])",
        p.prefix, i, p.tdata_bits() - 1, p.tdata_bits());
  }

  void add_monitor(std::size_t i, const StitchedStream& s) {
    ports += fmt::format(
        ",\n  output logic mon{0}_valid_o,\n  output logic mon{0}_ready_o,\n  output logic [{1}:0] "
        "mon{0}_data_o",
        i, s.stream.bits() - 1);
    body += fmt::format(
        "  assign mon{0}_valid_o = top.{1}_valid;\n  assign mon{0}_ready_o = top.{1}_ready;\n"
        "  assign mon{0}_data_o = top.{1}_data;\n",
        i, s.name);
  }
};

}  // namespace

hw::Layer StitchedNode::with_files() const {
  hw::Layer result = layer;
  for (hw::Parameter& parameter : result.parameters) {
    auto* text = std::get_if<std::string>(&parameter.value);
    if (text && std::ranges::any_of(result.images, [&](const hw::MemoryImage& image) {
          return image.name().starts_with(*text);
        }))
      *text = name + "_" + *text;
  }
  return result;
}

StitchedRtl stitch(const StitchSpec& spec) { return Stitcher(spec).run(); }

std::string monitored_text(const StitchedRtl& rtl) {
  std::vector<std::size_t> all(rtl.streams.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return monitored_text(rtl, all);
}

std::string monitored_text(const StitchedRtl& rtl, std::span<const std::size_t> streams) {
  MonitoredText text;
  for (std::size_t i = 0; i < rtl.slaves.size(); ++i) text.add_slave(i, rtl.slaves[i]);
  for (std::size_t i = 0; i < rtl.masters.size(); ++i) text.add_master(i, rtl.masters[i]);
  for (std::size_t i = 0; i < streams.size(); ++i) text.add_monitor(i, rtl.streams[streams[i]]);
  const UnusedWeightPort weights = rtl.stores.empty() ? UnusedWeightPort{} : unused_weight_port();
  return fmt::format(
      "module {} (\n  input  logic clk_i,\n  input  logic rst_ni{}\n);\n{}  {} top (\n    "
      ".clk_i(clk_i),\n    .rst_ni(rst_ni){}{}\n  );\n{}endmodule\n",
      monitored_module(rtl), text.ports, weights.wires, rtl.module, text.pins, weights.pins,
      text.body);
}

}  // namespace assay
