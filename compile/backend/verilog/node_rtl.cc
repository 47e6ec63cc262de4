// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/verilog/node_rtl.h"

#include "compile/backend/verilog/adder_text.h"
#include "compile/backend/verilog/wrapper.h"

namespace assay {

NodeRtl node_rtl(const Node& node, const std::string& module) {
  NodeRtl rtl;
  rtl.module = module;
  rtl.layer = hw::build_layer(node);
  for (LayerSource& source : layer_sources(rtl.layer))
    rtl.files.push_back({std::move(source.name), std::move(source.text)});
  const hw::Ports ports = hw::find_layer(node)->ports(node);
  rtl.files.push_back({module + ".sv", wrapper_text(module, rtl.layer, ports)});
  return rtl;
}

}  // namespace assay
