// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/project.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>

#include "compile/backend/zynq/interfaces.h"
#include "compile/backend/zynq/platform.h"
#include "compile/backend/zynq/region.h"
#include "compile/backend/zynq/scripts.h"
#include "compile/backend/zynq/system.h"
#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"

namespace assay::zynq {
namespace {

/// Bursts under way at once, of a mover.
constexpr int kOutstandingBursts = 8;
/// XRT reaches 16 bits of a kernel's addresses (UG1700, "Working with User-Managed Kernels").
constexpr std::int64_t kMostOfXrt = 1 << 16;

std::vector<Mover> movers_of(const ProjectSpec& spec) {
  const SystemKind& system = system_of(*spec.board);
  std::vector<Mover> movers;
  for (DataMover& mover : data_movers(*spec.rtl, {system.memory_bits, system.max_burst,
                                                  kOutstandingBursts, spec.content_hash})) {
    const auto place = static_cast<int>(movers.size());
    const int port = place % system.memory_ports;
    movers.push_back({std::move(mover), "", port, system.memory(port),
                      system.control_base + place * kControlRange});
  }
  return movers;
}

/// Of a platform: XRT finds the registers. HBM has a bank for each; DDR[0] is beside region 0, where all
/// of the design is.
std::vector<Mover> movers_of_platform(const ProjectSpec& spec) {
  constexpr int kBits = 512, kBurst = 64;  // 4 KiB
  std::vector<Mover> movers;
  for (DataMover& mover :
       data_movers(*spec.rtl, {kBits, kBurst, kOutstandingBursts, spec.content_hash})) {
    const int bank =
        spec.board->memory == "HBM" ? static_cast<int>(movers.size()) % spec.board->banks : 0;
    movers.push_back(
        {std::move(mover), "", bank, fmt::format("{}[{}]", spec.board->memory, bank), 0});
  }
  return movers;
}

void name_tensors(const ProjectSpec& spec, std::vector<Mover>& movers) {
  for (std::size_t i = 0; i < movers.size(); ++i) {
    const std::size_t inputs = spec.rtl->slaves.size();
    const StitchedPort& port = i < inputs ? spec.rtl->slaves[i] : spec.rtl->masters[i - inputs];
    const Tensor* tensor = spec.rtl->streams.at(port.stream).stream.tensor;
    if (tensor) movers[i].tensor = tensor->name;
  }
}

/// The lowest place behind the movers that is a multiple of its range.
ControlPlace weights_of(const ProjectSpec& spec, std::size_t movers) {
  constexpr std::size_t kMostSlaves = 16;  // of control_bus
  const SystemKind& system = system_of(*spec.board);
  const std::int64_t range = weight_range(spec.rtl->stores),
                     behind =
                         system.control_base + static_cast<std::int64_t>(movers) * kControlRange,
                     base = (behind + range - 1) / range * range;
  if (base + range > system.control_base + system.control_range)
    user_error(
        "'{}' has run-time weights of {} bytes, and {} reaches {} bytes from 0x{:x} on; let fewer "
        "layers have some",
        printable(spec.rtl->module), weight_bytes(spec.rtl->stores), spec.board->name,
        system.control_range, system.control_base);
  if (movers >= kMostSlaves)
    user_error(
        "'{}' has {} streams and run-time weights, and one interconnect reaches {}; begin a run "
        "without --runtime-weights",
        printable(spec.rtl->module), movers, kMostSlaves);
  return {base, range};
}

void require_interrupts(const ProjectSpec& spec, const std::vector<Mover>& movers) {
  const SystemKind& system = system_of(*spec.board);
  if (movers.size() > static_cast<std::size_t>(system.most_interrupts))
    user_error(
        "'{}' has {} streams, and the processing system of {} has interrupts for {}; embed weights "
        "that have streams of their own",
        printable(spec.rtl->module), movers.size(), spec.board->name, system.most_interrupts);
}

void require_clock_of(const ProjectSpec& spec) {
  constexpr double kMostOfPlatform = 500;
  const double most = is_platform(*spec.board) ? kMostOfPlatform : system_of(*spec.board).most_mhz;
  if (spec.clock_mhz > 0 && spec.clock_mhz <= most) return;
  user_error("--clock: {} has at most {} MHz for the logic, not {}", spec.board->name, most,
             spec.clock_mhz);
}

int region_of(const ProjectSpec& spec) {
  hw::Resources needs;
  for (const StitchedNode& node : spec.rtl->nodes)
    needs += hw::estimate_resources(node.layer, hw::Family::kXilinx, true);
  return accelerator_region(*spec.board, needs);
}

const std::vector<IpRegister>& weight_registers() {
  static const std::vector<IpRegister> table = [] {
    std::vector<IpRegister> registers;
    registers.reserve(kWeightRegisters.size());
    for (const WeightRegister& one : kWeightRegisters)
      registers.push_back({one.name, one.meaning, static_cast<int>(one.offset), one.writable});
    return registers;
  }();
  return table;
}

/// The bus to run-time weights, which reaches at most `most` bytes. An interconnect leaves the base in the addresses
/// that it passes on: the top takes only the bits below the range.
void add_weights(Ip& ip, const std::vector<WeightStore>& stores, std::int64_t most) {
  ip.range = std::min(weight_range(stores), most);
  ip.used = std::min(weight_bytes(stores), ip.range);
  ip.registers = weight_registers();
  const int address = std::countr_zero(static_cast<std::uint64_t>(ip.range));
  for (const WeightSignal& signal : weight_signals()) {
    const bool is_address = signal.name.ends_with("addr");
    const int bits = signal.scalar ? 0 : is_address ? address : signal.bits;
    ip.ports.push_back(
        {signal.name, !signal.input, bits, signal.name, is_address ? signal.bits : 0});
  }
  ip.buses.push_back(bus_of(ip.ports, std::string(kWeightPort), BusKind::kControl, false,
                            control_parameters(address)));
}

ProjectIdentity identity_of(const ProjectSpec& spec, const std::vector<NodeRtl::File>& files) {
  std::string all;
  for (const NodeRtl::File& file : files) all += sha256(file.text) + " " + file.name + "\n";
  return {std::string(spec.board->name), std::string(spec.board->part), spec.clock_mhz,
          spec.content_hash, sha256(all)};
}

}  // namespace

std::string identity_text(const ProjectIdentity& identity) {
  const nlohmann::ordered_json json = {{"board", identity.board},
                                       {"part", identity.part},
                                       {"clock_mhz", identity.clock_mhz},
                                       {"content_hash", identity.content_hash},
                                       {"project_hash", identity.project_hash}};
  return json.dump(2) + "\n";
}

ProjectIdentity read_identity(std::string_view text, std::string_view file) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto word = [&](const char* name) {
    if (!json.is_object() || !json.contains(name) || !json[name].is_string())
      user_error("'{}' is damaged: it has no '{}', as build.sh copies it", file, name);
    return json[name].get<std::string>();
  };
  ProjectIdentity identity{word("board"), word("part"), 0, word("content_hash"),
                           word("project_hash")};
  if (!json.contains("clock_mhz") || !json["clock_mhz"].is_number())
    user_error("'{}' is damaged: it has no 'clock_mhz', as build.sh copies it", file);
  identity.clock_mhz = json["clock_mhz"].get<double>();
  return identity;
}

Ip accelerator_ip(const StitchedRtl& rtl, std::int64_t most_weight_bytes) {
  Ip ip;
  ip.name = "accelerator";
  ip.module = "assay_accelerator";
  ip.inner = rtl.module;
  ip.keeps_ports = true;  // of which its netlist is looked at
  ip.display = "Assay accelerator";
  ip.description = fmt::format("a dataflow accelerator of {} layers", rtl.nodes.size());
  ip.ports = {{"ap_clk", false, 0, "clk_i"}, {"ap_rst_n", false, 0, "rst_ni"}};
  std::string streams;
  const auto add = [&](const StitchedPort& port, bool master) {
    IpBus bus = {
        port.prefix, BusKind::kStream, master, {}, stream_parameters(port.tdata_bits() / 8)};
    const auto pin = [&](const std::string& logical, const char* end, bool output, int bits) {
      const std::string name = port.prefix + end;
      ip.ports.push_back({name, output, bits, name});
      bus.pins.emplace_back(logical, name);
    };
    pin("TVALID", "_tvalid", master, 0);
    pin("TREADY", "_tready", !master, 0);
    pin("TDATA", "_tdata", master, port.tdata_bits());
    pin("TLAST", "_tlast", master, 0);
    streams += (streams.empty() ? "" : ":") + port.prefix;
    ip.buses.push_back(std::move(bus));
  };
  for (const StitchedPort& port : rtl.slaves) add(port, false);
  for (const StitchedPort& port : rtl.masters) add(port, true);
  if (!rtl.stores.empty()) {
    add_weights(ip, rtl.stores, most_weight_bytes);
    streams += fmt::format(":{}", kWeightPort);
  }
  ip.buses.insert(ip.buses.begin(), {clock_bus(streams), reset_bus()});
  for (const NodeRtl::File& file : rtl.files) ip.files.push_back({"hdl/" + file.name, file.text});
  for (const StitchedNode& node : rtl.nodes)
    for (const hw::MemoryImage& image : node.layer.images)
      ip.files.push_back({"hdl/" + node.file(image), image.hex()});
  return ip;
}

Project vivado_project(const ProjectSpec& spec) {
  require_clock_of(spec);
  const bool platform = is_platform(*spec.board);
  Project project;
  project.movers = platform ? movers_of_platform(spec) : movers_of(spec);
  name_tensors(spec, project.movers);
  if (!platform) require_interrupts(spec, project.movers);
  project.ips.push_back(accelerator_ip(*spec.rtl, platform ? kMostOfXrt : kWeightBytes));
  if (!spec.rtl->stores.empty())
    project.weights = platform ? ControlPlace{0, project.ips.front().range}
                               : weights_of(spec, project.movers.size());
  project.region = region_of(spec);
  for (const Mover& mover : project.movers) project.ips.push_back(mover_ip(mover));
  project.scripts =
      platform ? std::vector<std::string>{"package.tcl"}
               : std::vector<std::string>{"project.tcl", "synth.tcl", "impl.tcl", "report.tcl"};
  project.tools =
      platform ? std::vector<std::string>{"vivado", "v++"} : std::vector<std::string>{"vivado"};
  project.products = platform ? std::vector<std::string>{"assay.xclbin"}
                              : std::vector<std::string>{"assay.bit", "assay.hwh"};
  project.files = platform ? platform_files(spec, project) : project_scripts(spec, project);
  for (NodeRtl::File& file : project_interfaces(spec, project))
    project.files.push_back(std::move(file));
  for (const Ip& ip : project.ips)
    for (IpFile& file : ip_files(ip))
      project.files.push_back({fmt::format("ip/{}/{}", ip.name, file.name), std::move(file.text)});
  std::ranges::sort(project.files, {}, &NodeRtl::File::name);
  project.identity = identity_of(spec, project.files);
  const auto behind =
      std::ranges::lower_bound(project.files, kIdentityFile, {}, &NodeRtl::File::name);
  project.files.insert(behind, {std::string(kIdentityFile), identity_text(project.identity)});
  return project;
}

}  // namespace assay::zynq
