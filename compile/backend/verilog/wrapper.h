// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "compile/hw/layer.h"

namespace assay {

/// The module called `name` that instantiates a layer's library module with its parameters. Its
/// ports are clk_i, rst_ni and, whatever the library module calls them, in<i>_valid_i,
/// in<i>_ready_o, in<i>_data_i and out<i>_valid_o, out<i>_ready_i, out<i>_data_o. `name` must be an
/// identifier.
std::string wrapper_text(std::string_view name, const hw::Layer& layer, const hw::Ports& ports);

/// The name, where a layer is instantiated, of "valid", "ready" or "data" of its input or output
/// stream `stream`.
using StreamSignal =
    std::function<std::string(bool input, std::size_t stream, std::string_view signal)>;

/// An instance called `name` of a layer's library module that nothing is connected to.
std::string lone_instance_text(std::string_view name, const hw::Layer& layer);

/// What a layer's module is connected to but for its streams.
struct LayerWires {
  std::string reset = "rst_ni";
  std::string ring_in = "{66{1'b0}}",
              ring_out;  ///< of assay_store.sv, where its module has such ports
};

/// The instance called `name` of a layer's library module.
std::string instance_text(std::string_view name, const hw::Layer& layer, const hw::Ports& ports,
                          const LayerWires& wires, const StreamSignal& signal);

}  // namespace assay
