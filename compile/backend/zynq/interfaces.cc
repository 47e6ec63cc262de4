// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/interfaces.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compile/backend/zynq/block_design.h"
#include "compile/backend/zynq/quote.h"
#include "compile/backend/zynq/system.h"
#include "compile/base/printable.h"

namespace assay::zynq {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t kLongest = 4096;

std::string json_file(const OrderedJson& json) { return json.dump(2) + "\n"; }

std::string hex_text(std::int64_t value) { return fmt::format("0x{:08x}", value); }

OrderedJson register_json(const IpRegister& one) {
  OrderedJson json = {{"name", one.name},
                      {"offset", fmt::format("0x{:02x}", one.offset)},
                      {"writable", one.writable},
                      {"description", one.description}};
  for (const IpField& field : one.fields)
    json["fields"].push_back({{"name", field.name}, {"bit", field.bit}, {"bits", field.bits}});
  return json;
}

/// Null where there are none.
OrderedJson weights_json(const ProjectSpec& spec, const Project& project) {
  if (!project.weights) return nullptr;
  OrderedJson json = {{"port", kWeightPort},
                      {"base", hex_text(project.weights->base)},
                      {"range", hex_text(project.weights->range)},
                      {"page_bytes", hex_text(kWeightPage)}};
  for (const IpRegister& one : project.ips.front().registers)
    json["registers"].push_back(register_json(one));
  for (const WeightStore& store : spec.rtl->stores)
    json["stores"].push_back({{"node", printable(store.node, kLongest)},
                              {"file", store.file},
                              {"address", hex_text(store.address)},
                              {"words", store.need.words},
                              {"columns", store.columns()},
                              {"stride", store.need.stride()}});
  return json;
}

OrderedJson mover_json(const Mover& mover, std::size_t interrupt) {
  return {{"name", mover.name},
          {"direction", mover.reads ? "in" : "out"},
          {"stream", mover.stream},
          {"tensor", printable(mover.tensor, kLongest)},
          {"base", hex_text(mover.control_base)},
          {"range", hex_text(kControlRange)},
          {"interrupt", interrupt},
          {"memory_port", mover.memory},
          {"memory_bits", mover.choice.memory_bits},
          {"max_burst", mover.choice.max_burst},
          {"beat_bytes", mover.beat_bytes},
          {"slot_bytes", mover.slot_bytes()},
          {"frame_beats", mover.frame_beats},
          {"frame_bytes", mover.transfer_bytes(1)}};
}

std::string interfaces_json(const ProjectSpec& spec, const Project& project) {
  OrderedJson json = {{"board", spec.board->name},
                      {"part", spec.board->part},
                      {"clock_mhz", spec.clock_mhz},
                      {"content_hash", spec.content_hash},
                      {"accelerator", kAcceleratorCell}};
  for (std::size_t i = 0; i < project.movers.size(); ++i)
    json["movers"].push_back(mover_json(project.movers[i], i));
  for (const IpRegister& one : mover_registers()) json["registers"].push_back(register_json(one));
  json["weights"] = weights_json(spec, project);
  return json_file(json);
}

std::string upper_name(std::string_view name) {
  std::string text(name);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

/// Run-time weights: where they are, their registers, and every memory's place behind them.
std::string weights_header(const ProjectSpec& spec, const Project& project) {
  if (!project.weights) return "";
  std::string text = fmt::format(
      "\n/* Run-time weights of the accelerator. */\n#define ASSAY_WEIGHTS_BASE {}u\n#define "
      "ASSAY_WEIGHTS_RANGE {}u\n",
      hex_text(project.weights->base), hex_text(project.weights->range));
  for (const IpRegister& one : project.ips.front().registers)
    text += fmt::format("#define ASSAY_WEIGHTS_{} 0x{:02x} /* {} */\n", upper_name(one.name),
                        one.offset, one.description);
  text += fmt::format(
      "/* Memories. Word w has its 32 bits number c at ASSAY_WEIGHTS_BASE + ADDRESS + 4 * (w * "
      "STRIDE + c)\n * - page * ASSAY_WEIGHTS_PAGE_BYTES, behind the registers and within the "
      "range. */\n"
      "#define ASSAY_WEIGHTS_PAGE_BYTES {}u\n#define ASSAY_WEIGHTS_STORES {}\n",
      hex_text(kWeightPage), spec.rtl->stores.size());
  for (std::size_t i = 0; i < spec.rtl->stores.size(); ++i) {
    const WeightStore& store = spec.rtl->stores[i];
    text += fmt::format(
        "/* {0} of {1} */\n#define ASSAY_WEIGHTS_{2}_ADDRESS {3}u\n#define ASSAY_WEIGHTS_{2}_WORDS "
        "{4}u\n#define ASSAY_WEIGHTS_{2}_COLUMNS {5}u\n#define ASSAY_WEIGHTS_{2}_STRIDE {6}u\n",
        store.file, c_comment(store.node), i, hex_text(store.address), store.need.words,
        store.columns(), store.need.stride());
  }
  return text;
}

std::string header_text(const ProjectSpec& spec, const Project& project) {
  std::string text = fmt::format(
      "/* SPDX-License-Identifier: Apache-2.0 */\n"
      "/* The accelerator on {}: a mover's registers, and where each mover has them. */\n"
      "#ifndef ASSAY_ACCELERATOR_H\n#define ASSAY_ACCELERATOR_H\n\n",
      spec.board->name);
  text += fmt::format("#define ASSAY_CONTENT_HASH \"{}\"\n\n", spec.content_hash);
  for (const IpRegister& one : mover_registers()) {
    text += fmt::format("#define ASSAY_MOVER_{} 0x{:02x} /* {} */\n", upper_name(one.name),
                        one.offset, one.description);
    for (const IpField& field : one.fields)
      text += fmt::format("#define ASSAY_MOVER_{}_{} 0x{:x}\n", upper_name(one.name),
                          upper_name(field.name), ((1U << field.bits) - 1U) << field.bit);
  }
  for (std::size_t i = 0; i < project.movers.size(); ++i) {
    const Mover& mover = project.movers[i];
    const std::string head = "#define ASSAY_" + upper_name(mover.name);
    text += fmt::format("\n/* {}: {} {} */\n", mover.name, mover.reads ? "takes in" : "puts out",
                        c_comment(mover.tensor));
    text += fmt::format(
        "{0}_BASE {1}u\n{0}_RANGE {2}u\n{0}_INTERRUPT {3}\n{0}_BEAT_BYTES {4}\n{0}_SLOT_BYTES {5}\n"
        "{0}_FRAME_BEATS {6}u\n{0}_FRAME_BYTES {7}ull\n",
        head, hex_text(mover.control_base), hex_text(kControlRange), i, mover.beat_bytes,
        mover.slot_bytes(), mover.frame_beats, mover.transfer_bytes(1));
  }
  return text + weights_header(spec, project) + "\n#endif\n";
}

/// The whole accelerator is one partition; on a card in the region that link.cfg says.
std::string floorplan_json(const ProjectSpec& spec, const Project& project) {
  OrderedJson json = {{"Defaults", OrderedJson::object()}};
  for (const StitchedNode& node : spec.rtl->nodes)
    json[printable(node.node->name, kLongest)] = {{"instance", "u_" + node.name},
                                                  {"slr", project.region},
                                                  {"partition_id", 0},
                                                  {"mem_port", ""}};
  return json_file(json);
}

OrderedJson stream_list(const std::vector<StitchedPort>& ports) {
  OrderedJson list = OrderedJson::array();
  for (const StitchedPort& port : ports) list.push_back({port.prefix, port.tdata_bits()});
  return list;
}

OrderedJson axilite_list(const Project& project) {
  OrderedJson list = OrderedJson::array();
  if (project.weights) list.push_back(kWeightPort);
  return list;
}

std::string metadata_json(const ProjectSpec& spec, const Project& project) {
  const Ip& accelerator = project.ips.front();
  const bool platform = is_platform(*spec.board);
  OrderedJson json = {
      {"platform", platform ? "alveo" : "zynq-iodma"},
      {"board", spec.board->name},
      {"clk_ns", 1000 / spec.clock_mhz},
      {"floorplan_json", "floorplan.json"},
      {"vivado_stitch_proj", "ip/" + accelerator.name},
      {"wrapper_filename", fmt::format("ip/{}/{}", accelerator.name, accelerator.top_file())},
      {"vivado_stitch_vlnv", accelerator.vlnv()},
      {"vivado_stitch_ifnames",
       {{"clk", {"ap_clk"}},
        {"rst", {"ap_rst_n"}},
        {"s_axis", stream_list(spec.rtl->slaves)},
        {"m_axis", stream_list(spec.rtl->masters)},
        {"aximm", OrderedJson::array()},
        {"axilite", axilite_list(project)}}},
      {"bitfile", project.products.front()}};
  if (platform) {
    json["vitis_platform"] = spec.board->platform;
    json["vitis_link_proj"] = "link";
  } else {
    json["vivado_pynq_proj"] = "vivado";
    json["hw_handoff"] = project.products.back();
    json["vivado_synth_rpt"] = "reports/hierarchy.rpt";
    json["pynq_driver_dir"] = "driver";
  }
  return json_file(json);
}

}  // namespace

std::vector<NodeRtl::File> project_interfaces(const ProjectSpec& spec, const Project& project) {
  return {{"assay_accelerator.h", header_text(spec, project)},
          {"floorplan.json", floorplan_json(spec, project)},
          {"interfaces.json", interfaces_json(spec, project)},
          {"metadata.json", metadata_json(spec, project)}};
}

}  // namespace assay::zynq
