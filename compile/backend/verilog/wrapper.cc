// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/verilog/wrapper.h"

#include <fmt/format.h>

namespace assay {
namespace {

using hw::Stream;

/// One of a stream's three signals: valid, ready or data.
struct Signal {
  std::string_view name;  ///< "valid"
  bool towards_module;    ///< for an input stream
};
constexpr Signal kSignals[] = {{"valid", true}, {"ready", false}, {"data", true}};

std::string_view suffix(const Signal& signal, bool input_stream) {
  return signal.towards_module == input_stream ? "_i" : "_o";
}

std::string outer_ports(const std::vector<Stream>& streams, std::string_view prefix, bool input) {
  std::string text;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    for (const Signal& signal : kSignals) {
      const bool into = signal.towards_module == input;
      const std::string range =
          signal.name == "data" ? fmt::format("[{}:0] ", streams[i].bits() - 1) : "";
      text += fmt::format(",\n  {} logic {}{}{}_{}{}", into ? "input " : "output", range, prefix, i,
                          signal.name, suffix(signal, input));
    }
  }
  return text;
}

/// The signal of one stream, or of all of them, stream 0 in the least significant bits.
std::string joined(std::size_t count, std::size_t stream, bool all, std::string_view signal,
                   bool input, const StreamSignal& name) {
  if (!all) return name(input, stream, signal);
  std::string text = "{";
  for (std::size_t i = count; i-- > 0;) text += name(input, i, signal) + (i > 0 ? ", " : "}");
  return text;
}

std::string connections(const std::vector<Stream>& streams, bool input,
                        const std::vector<std::string>& names, bool all, const StreamSignal& name) {
  std::string text;
  for (std::size_t i = 0; i < (all ? 1 : streams.size()); ++i)
    for (const Signal& signal : kSignals)
      text += fmt::format(",\n    .{}_{}{}({})", names.at(i), signal.name, suffix(signal, input),
                          joined(streams.size(), i, all, signal.name, input, name));
  return text;
}

std::string parameter_text(const hw::Parameter& parameter) {
  if (const auto* text = std::get_if<std::string>(&parameter.value))
    return fmt::format(".{}(\"{}\")", parameter.name, *text);
  return fmt::format(".{}({})", parameter.name, std::get<std::int64_t>(parameter.value));
}

/// Up to the list of what is connected.
std::string instance_head(std::string_view name, const hw::Layer& layer) {
  std::string parameters;
  for (const hw::Parameter& p : layer.parameters)
    parameters += (parameters.empty() ? "\n    " : ",\n    ") + parameter_text(p);
  return fmt::format("  {} #({}\n  ) {} (", layer.module, parameters, name);
}

}  // namespace

std::string lone_instance_text(std::string_view name, const hw::Layer& layer) {
  return instance_head(name, layer) + ");\n";
}

std::string instance_text(std::string_view name, const hw::Layer& layer, const hw::Ports& ports,
                          const LayerWires& wires, const StreamSignal& signal) {
  const std::string ring = ports.ring ? fmt::format(",\n    .ring_i({}),\n    .ring_o({})",
                                                    wires.ring_in, wires.ring_out)
                                      : "";
  return fmt::format(
      "{}\n    .clk_i(clk_i),\n    .rst_ni({}){}{}{}\n  );\n", instance_head(name, layer),
      wires.reset, ring, connections(layer.inputs, true, ports.inputs, ports.vector_inputs, signal),
      connections(layer.outputs, false, ports.outputs, ports.vector_outputs, signal));
}

std::string wrapper_text(std::string_view name, const hw::Layer& layer, const hw::Ports& ports) {
  const auto outer = [](bool input, std::size_t stream, std::string_view signal) {
    const bool towards_module = (signal != "ready") == input;
    return fmt::format("{}{}_{}{}", input ? "in" : "out", stream, signal,
                       towards_module ? "_i" : "_o");
  };
  return fmt::format(
      "module {} (\n  input  logic clk_i,\n  input  logic rst_ni{}{}\n);\n{}{}endmodule\n", name,
      outer_ports(layer.inputs, "in", true), outer_ports(layer.outputs, "out", false),
      ports.ring ? "  logic [65:0] unused_ring;\n" : "",
      instance_text("layer", layer, ports, {.ring_out = "unused_ring"}, outer));
}

}  // namespace assay
