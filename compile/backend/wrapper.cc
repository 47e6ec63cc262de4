// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/wrapper.h"

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

/// The outer signal of one stream, or of all of them, stream 0 in the least significant bits.
std::string outer_signal(std::size_t count, std::string_view prefix, std::size_t stream, bool all,
                         const Signal& signal, bool input) {
  const auto one = [&](std::size_t i) {
    return fmt::format("{}{}_{}{}", prefix, i, signal.name, suffix(signal, input));
  };
  if (!all) return one(stream);
  std::string text = "{";
  for (std::size_t i = count; i-- > 0;) text += one(i) + (i > 0 ? ", " : "}");
  return text;
}

std::string connections(const std::vector<Stream>& streams, std::string_view prefix, bool input,
                        const std::vector<std::string>& names, bool all) {
  std::string text;
  for (std::size_t i = 0; i < (all ? 1 : streams.size()); ++i)
    for (const Signal& signal : kSignals)
      text += fmt::format(",\n    .{}_{}{}({})", names.at(i), signal.name, suffix(signal, input),
                          outer_signal(streams.size(), prefix, i, all, signal, input));
  return text;
}

std::string parameter_text(const hw::Parameter& parameter) {
  if (const auto* text = std::get_if<std::string>(&parameter.value))
    return fmt::format(".{}(\"{}\")", parameter.name, *text);
  return fmt::format(".{}({})", parameter.name, std::get<std::int64_t>(parameter.value));
}

}  // namespace

std::string wrapper_text(std::string_view name, const hw::Layer& layer, const hw::Ports& ports) {
  std::string parameters;
  for (const hw::Parameter& p : layer.parameters)
    parameters += (parameters.empty() ? "\n    " : ",\n    ") + parameter_text(p);
  return fmt::format(
      "module {} (\n  input  logic clk_i,\n  input  logic rst_ni{}{}\n);\n"
      "  {} #({}\n  ) layer (\n    .clk_i(clk_i),\n    .rst_ni(rst_ni){}{}\n  );\nendmodule\n",
      name, outer_ports(layer.inputs, "in", true), outer_ports(layer.outputs, "out", false),
      layer.module, parameters,
      connections(layer.inputs, "in", true, ports.inputs, ports.vector_inputs),
      connections(layer.outputs, "out", false, ports.outputs, ports.vector_outputs));
}

}  // namespace assay
