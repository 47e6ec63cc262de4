// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/hw/layer.h"

namespace assay {

/// A hardware node as Verilog: a wrapper, the library modules it needs, and its memory files.
struct NodeRtl {
  struct File {
    std::string name, text;
  };
  std::string module;  ///< the wrapper's, see wrapper_text
  std::vector<File> files;
  hw::Layer layer;  ///< with its memory images, written as files of their names
};

/// UserError as hw::build_layer. `module` must be an identifier.
NodeRtl node_rtl(const Node& node, const std::string& module);

}  // namespace assay
