// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/platform.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/backend/zynq/region.h"
#include "compile/backend/zynq/scripts.h"
#include "compile/base/error.h"

namespace assay::zynq {
namespace {

constexpr std::string_view kPackageHead =
    "# SPDX-License-Identifier: Apache-2.0\n"
    "# Every IP as a kernel for Vitis.\n"
    "set here [file dirname [file normalize [info script]]]\n";

/// Else the accelerator.
bool is_mover(const Ip& ip) {
  return std::ranges::any_of(ip.buses,
                             [](const IpBus& bus) { return bus.kind == BusKind::kMemory; });
}

const IpPort& port_called(const Ip& ip, std::string_view name) {
  const auto it = std::ranges::find(ip.ports, name, &IpPort::name);
  ASSAY_INVARIANT(it != ip.ports.end(), "a bus of a port that is not there");
  return *it;
}

int data_bits(const Ip& ip, const IpBus& bus) {
  for (const auto& [logical, physical] : bus.pins)
    if (logical == "TDATA" || logical == "WDATA" || logical == "RDATA")
      return port_called(ip, physical).bits;
  return 0;
}

std::string kernel_port(const Ip& ip, const IpBus& bus) {
  const int bits = data_bits(ip, bus);
  if (bus.kind == BusKind::kStream)
    return fmt::format(
        "      <port name=\"{}\" mode=\"{}\" dataWidth=\"{}\" portType=\"stream\"/>\n", bus.name,
        bus.master ? "write_only" : "read_only", bits);
  if (bus.kind == BusKind::kMemory)
    return fmt::format(
        "      <port name=\"{}\" mode=\"master\" range=\"0xFFFFFFFFFFFFFFFF\" dataWidth=\"{}\" "
        "portType=\"addressable\" base=\"0x0\"/>\n",
        bus.name, bits);
  if (bus.kind == BusKind::kControl)
    return fmt::format(
        "      <port name=\"{}\" mode=\"slave\" range=\"0x{:X}\" dataWidth=\"{}\" "
        "portType=\"addressable\" base=\"0x0\"/>\n",
        bus.name, kernel_range(ip), bits);
  return "";
}

int offset_of(const std::vector<IpRegister>& registers, std::string_view name) {
  const auto it = std::ranges::find(registers, name, &IpRegister::name);
  ASSAY_INVARIANT(it != registers.end(), "a mover without a register that XRT writes");
  return it->offset;
}

std::string argument(std::string_view name, int qualifier, int id, std::string_view port, int size,
                     int offset, std::string_view type) {
  return fmt::format(
      "      <arg name=\"{0}\" addressQualifier=\"{1}\" id=\"{2}\" port=\"{3}\" size=\"0x{4:x}\" "
      "offset=\"0x{5:x}\" hostOffset=\"0x0\" hostSize=\"0x{4:x}\" type=\"{6}\"/>\n",
      name, qualifier, id, port, size, offset, type);
}

constexpr int kScalar = 0, kPointer = 1, kStreamArgument = 4;

std::string kernel_arguments(const Ip& ip, const std::vector<IpRegister>& registers) {
  std::string text;
  int id = 0;
  if (is_mover(ip)) {
    text += argument("base", kPointer, id++, "m_axi_gmem", 8, offset_of(registers, "base_low"),
                     "void*");
    text += argument("frames", kScalar, id++, "s_axi_control", 4, offset_of(registers, "frames"),
                     "unsigned int");
  }
  for (const IpBus& bus : ip.buses)
    if (bus.kind == BusKind::kStream)
      text += argument(bus.name, kStreamArgument, id++, bus.name, 4, 0, "stream");
  return text;
}

std::string package_tcl(const Project& project) {
  std::string text(kPackageHead);
  for (const Ip& ip : project.ips)
    text += fmt::format(R"(ipx::open_core [file join $here ip {0} component.xml]
set_property sdx_kernel true [ipx::current_core]
set_property sdx_kernel_type rtl [ipx::current_core]
ipx::save_core [ipx::current_core]
package_xo -force -xo_path [file join $here xo {0}.xo] -kernel_name {0} -ip_directory [file join $here ip {0}] -kernel_xml [file join $here kernels {0}.xml] -ctrl_protocol {1}
)",
                        ip.name, kernel_protocol(ip));
  return text + "puts \"assay: kernels done\"\n";
}

std::string link_cfg(const Project& project) {
  std::string text = "[connectivity]\n";
  const auto instance = [](const Ip& ip) {
    return is_mover(ip) ? ip.name : std::string(kAcceleratorCell);
  };
  for (const Ip& ip : project.ips) {
    text += fmt::format("nk={}:1:{}\n", ip.name, instance(ip));
    const int region = is_mover(ip) ? 0 : project.region;  // movers are beside their memory
    if (region != kNoRegion) text += fmt::format("slr={}:SLR{}\n", instance(ip), region);
  }
  for (const Mover& mover : project.movers) {
    const std::string inner = fmt::format("{}.{}", kAcceleratorCell, mover.stream);
    text += fmt::format("sp={}.m_axi_gmem:{}\n", mover.name, mover.memory);
    text += mover.reads ? fmt::format("stream_connect={}.m_axis:{}\n", mover.name, inner)
                        : fmt::format("stream_connect={}:{}.s_axis\n", inner, mover.name);
  }
  return text;
}

std::string link_sh(const ProjectSpec& spec, const Project& project) {
  std::string kernels;
  for (const Ip& ip : project.ips) kernels += fmt::format(" xo/{}.xo", ip.name);
  return fmt::format(R"sh(#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes assay.xclbin for {0} with Vivado and Vitis.
set -eu
cd "$(dirname "$0")"
for tool in vivado v++; do
  if ! command -v "$tool" >/dev/null; then
    echo "There is no $tool in PATH: source settings64.sh of Vitis first." >&2
    exit 4
  fi
done
rm -rf link reports results  # of an earlier build
mkdir -p xo
echo "assay: package.tcl"
vivado -mode batch -nojournal -log package.log -source package.tcl
echo "assay: link"
v++ --link --target hw --platform {1} --kernel_frequency {2} --config link.cfg --save-temps \
  --temp_dir link --output assay.xclbin{3}
[ -s assay.xclbin ]
# Under the names that the reports of boards have.
mkdir -p link reports
find link -name '*full_util_routed.rpt' -exec cp {{}} reports/utilization.rpt ';'
find link -name '*timing_summary*routed.rpt' -exec cp {{}} reports/timing.rpt ';'
{4}echo "assay: assay.xclbin is there, and in results all that 'assay build --collect' takes back"
)sh",
                     spec.board->name, spec.board->platform, spec.clock_mhz, kernels,
                     results_text("assay.xclbin reports/utilization.rpt reports/timing.rpt"));
}

}  // namespace

std::string_view kernel_protocol(const Ip& ip) {
  if (is_mover(ip)) return "ap_ctrl_hs";
  return ip.registers.empty() ? "ap_ctrl_none" : "user_managed";
}

std::int64_t kernel_range(const Ip& ip) {
  constexpr std::int64_t kLeast = 0x1000;
  return is_mover(ip) ? kLeast : std::max(ip.range, kLeast);
}

std::string kernel_xml(const Ip& ip, const std::vector<IpRegister>& registers) {
  std::string ports;
  for (const IpBus& bus : ip.buses) ports += kernel_port(ip, bus);
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<root versionMajor=\"1\" versionMinor=\"6\">\n"
      "  <kernel name=\"{}\" language=\"ip_c\" vlnv=\"{}\" attributes=\"\" "
      "preferredWorkGroupSizeMultiple=\"0\" workGroupSize=\"1\" interrupt=\"{}\" "
      "hwControlProtocol=\"{}\">\n    <ports>\n{}    </ports>\n    <args>\n{}    </args>\n"
      "  </kernel>\n</root>\n",
      ip.name, ip.vlnv(), is_mover(ip), kernel_protocol(ip), ports,
      kernel_arguments(ip, registers));
}

std::vector<NodeRtl::File> platform_files(const ProjectSpec& spec, const Project& project) {
  std::vector<NodeRtl::File> files = {{"build.sh", link_sh(spec, project)},
                                      {"link.cfg", link_cfg(project)},
                                      {"package.tcl", package_tcl(project)}};
  for (const Ip& ip : project.ips)
    files.push_back({fmt::format("kernels/{}.xml", ip.name), kernel_xml(ip, ip.registers)});
  return files;
}

}  // namespace assay::zynq
