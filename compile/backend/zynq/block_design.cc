// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/block_design.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "compile/backend/zynq/system.h"

namespace assay::zynq {
namespace {

constexpr std::string_view kClock = "ap_clk", kReset = "ap_rst_n";

class BlockDesign {
 public:
  BlockDesign(const ProjectSpec& spec, const Project& project)
      : spec_(spec),
        movers_(project.movers),
        weights_(project.weights),
        system_(system_of(*spec.board)) {
    for (const Mover& mover : movers_) by_port_[mover.memory_port].push_back(&mover);
  }

  std::string text() {
    head();
    system();
    reset();
    dataflow();
    control();
    for (const auto& [port, movers] : by_port_) memory(port, movers);
    interrupts();
    addresses();
    line("");
    line("validate_bd_design");
    line("save_bd_design");
    return text_;
  }

 private:
  void line(const std::string& text) { text_ += text + "\n"; }
  void about(const std::string& text) { line("\n# " + text); }

  void head() {
    line("# SPDX-License-Identifier: Apache-2.0");
    line(fmt::format("# The accelerator on {}. Sourced by project.tcl.", spec_.board->name));
    line("# An IP of AMD's in the version that this Vivado has.");
    line("proc newest {name} {");
    line("  set found [lsort -dictionary [get_ipdefs xilinx.com:ip:${name}:*]]");
    line("  if {[llength $found] == 0} { error \"this Vivado has no IP called '$name'\" }");
    line("  return [lindex $found end]");
    line("}");
    line(fmt::format("create_bd_design {}", kDesign));
  }

  void cell(std::string_view ip, std::string_view name) {
    line(fmt::format("create_bd_cell -type ip -vlnv [newest {}] {}", ip, name));
  }
  void own_cell(std::string_view ip, std::string_view name) {
    line(fmt::format("create_bd_cell -type ip -vlnv {}:{}:{}:{} {}", kIpVendor, kIpLibrary, ip,
                     kIpVersion, name));
  }
  void settings(std::string_view cell, const std::string& list) {
    line(fmt::format("set_property -dict [list {}] [get_bd_cells {}]", list, cell));
  }
  void wire(const std::string& from, const std::string& to) {
    line(fmt::format("connect_bd_net [get_bd_pins {}] [get_bd_pins {}]", from, to));
  }
  void bus(const std::string& from, const std::string& to) {
    line(fmt::format("connect_bd_intf_net [get_bd_intf_pins {}] [get_bd_intf_pins {}]", from, to));
  }
  static std::string pin(std::string_view cell, std::string_view name) {
    return fmt::format("{}/{}", cell, name);
  }
  void clocked(std::string_view cell, std::string_view clock, std::string_view reset) {
    wire(pin(kSystemCell, system_.clock), pin(cell, clock));
    if (!reset.empty()) wire("reset0/peripheral_aresetn", pin(cell, reset));
  }

  void system() {
    about("Processing system");
    cell(system_.ip, kSystemCell);
    const std::string external =
        system_.external.empty()
            ? ""
            : fmt::format("make_external \"{}\" Master Disable Slave Disable ", system_.external);
    line(
        fmt::format("apply_bd_automation -rule xilinx.com:bd_rule:{} -config [list {}"
                    "apply_board_preset {}] [get_bd_cells {}]",
                    system_.ip, external, spec_.board->board_part.empty() ? 0 : 1, kSystemCell));
    std::string list = std::string(system_.settings);
    list += fmt::format(" {} {{{}}}", system_.clock_setting, spec_.clock_mhz);
    for (int port = 0; port < system_.memory_ports; ++port) {
      const bool used = by_port_.contains(port);
      const int number = system_.first_port + port;
      list += fmt::format(" {} {{{}}}", fmt::format(fmt::runtime(system_.port_setting), number),
                          used ? 1 : 0);
      if (used)
        list += fmt::format(" {} {{{}}}", fmt::format(fmt::runtime(system_.width_setting), number),
                            system_.memory_bits);
    }
    settings(kSystemCell, list);
    clocked(kSystemCell, system_.control_clock, "");
    for (const auto& [port, movers] : by_port_)
      clocked(kSystemCell, system_.memory_clock(port), "");
  }

  void reset() {
    about("Reset");
    cell("proc_sys_reset", "reset0");
    clocked("reset0", "slowest_sync_clk", "");
    wire(pin(kSystemCell, system_.reset), "reset0/ext_reset_in");
  }

  void dataflow() {
    about("The accelerator and a mover for each of its streams");
    own_cell("accelerator", kAcceleratorCell);
    clocked(kAcceleratorCell, kClock, kReset);
    for (const Mover& mover : movers_) {
      own_cell(mover.name, mover.name);
      clocked(mover.name, kClock, kReset);
      if (mover.reads)
        bus(mover.name + "/m_axis", pin(kAcceleratorCell, mover.stream));
      else
        bus(pin(kAcceleratorCell, mover.stream), mover.name + "/s_axis");
    }
  }

  void connect(const std::string& name, std::size_t slaves, std::size_t masters) {
    cell("smartconnect", name);
    settings(name, fmt::format("CONFIG.NUM_SI {{{}}} CONFIG.NUM_MI {{{}}}", slaves, masters));
    clocked(name, "aclk", "aresetn");
  }

  void control() {
    about("Registers");
    connect("control_bus", 1, movers_.size() + (weights_ ? 1 : 0));
    bus(pin(kSystemCell, system_.control), "control_bus/S00_AXI");
    for (std::size_t i = 0; i < movers_.size(); ++i)
      bus(fmt::format("control_bus/M{:02}_AXI", i), movers_[i].name + "/s_axi_control");
    if (weights_)
      bus(fmt::format("control_bus/M{:02}_AXI", movers_.size()),
          pin(kAcceleratorCell, kWeightPort));
  }

  void memory(int port, const std::vector<const Mover*>& movers) {
    about(fmt::format("Memory behind {}", system_.memory(port)));
    const std::string name = fmt::format("memory{}_bus", port);
    connect(name, movers.size(), 1);
    for (std::size_t i = 0; i < movers.size(); ++i)
      bus(movers[i]->name + "/m_axi_gmem", fmt::format("{}/S{:02}_AXI", name, i));
    bus(name + "/M00_AXI", pin(kSystemCell, system_.memory(port)));
  }

  void interrupts() {
    about("Interrupts, in the order of the movers");
    cell("xlconcat", "interrupts");
    settings("interrupts", fmt::format("CONFIG.NUM_PORTS {{{}}}", movers_.size()));
    for (std::size_t i = 0; i < movers_.size(); ++i)
      wire(movers_[i].name + "/interrupt", fmt::format("interrupts/In{}", i));
    wire("interrupts/dout", pin(kSystemCell, system_.interrupts));
  }

  void assign(std::int64_t offset, std::int64_t range, const std::string& space,
              const std::string& segment) {
    line(
        fmt::format("assign_bd_address -offset 0x{:08x} -range 0x{:08x} -target_address_space "
                    "[get_bd_addr_spaces {}] [get_bd_addr_segs {}] -force",
                    offset, range, space, segment));
  }

  void addresses() {
    about("Addresses");
    const std::int64_t memory = std::min(spec_.board->memory_mb << 20, system_.most_memory);
    for (const Mover& mover : movers_)
      assign(mover.control_base, kControlRange, pin(kSystemCell, "Data"),
             mover.name + "/s_axi_control/reg0");
    if (weights_)
      assign(weights_->base, weights_->range, pin(kSystemCell, "Data"),
             fmt::format("{}/{}/reg0", kAcceleratorCell, kWeightPort));
    for (const Mover& mover : movers_)
      assign(0, memory, mover.name + "/m_axi_gmem",
             pin(kSystemCell, system_.segment(mover.memory_port)));
  }

  const ProjectSpec& spec_;
  const std::vector<Mover>& movers_;
  const std::optional<ControlPlace>& weights_;
  const SystemKind& system_;
  std::map<int, std::vector<const Mover*>> by_port_;
  std::string text_;
};

}  // namespace

std::string block_design_tcl(const ProjectSpec& spec, const Project& project) {
  return BlockDesign(spec, project).text();
}

}  // namespace assay::zynq
