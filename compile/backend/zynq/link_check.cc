// SPDX-License-Identifier: Apache-2.0
// Kernels and link.cfg against the IPs and the board.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "compile/backend/verilog/mover_registers.h"
#include "compile/backend/zynq/check.h"
#include "compile/backend/zynq/platform.h"
#include "compile/backend/zynq/system.h"
#include "compile/backend/zynq/xml.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::zynq {
namespace {

/// "a:b" as its two halves; an empty second one where there is no colon.
std::pair<std::string, std::string> halves(const std::string& text, char at) {
  const std::size_t end = text.find(at);
  if (end == std::string::npos) return {text, ""};
  return {text.substr(0, end), text.substr(end + 1)};
}

int number_in(std::string_view text, std::string_view head, std::string_view tail) {
  int value = -1;
  if (!text.starts_with(head) || !text.ends_with(tail)) return -1;
  const char* const end = text.data() + text.size() - tail.size();
  const auto [stop, error] = std::from_chars(text.data() + head.size(), end, value);
  return error == std::errc() && stop == end ? value : -1;
}

class LinkCheck {
 public:
  LinkCheck(const Project& project, const hw::Board& board) : project_(project), board_(board) {}

  std::vector<std::string> run() {
    for (const Ip& ip : project_.ips) check_kernel(ip);
    for (const std::string& line : lines_of("link.cfg")) check_line(line);
    for (const auto& [instance, ip] : instances_)
      for (const IpBus& bus : ip->buses) check_connected(instance, bus);
    if (instances_.size() != project_.ips.size())
      fault("link.cfg has {} kernels, and there are {}", instances_.size(), project_.ips.size());
    return std::move(faults_);
  }

 private:
  template <typename... T>
  void fault(fmt::format_string<T...> format, T&&... values) {
    faults_.push_back(fmt::format(format, std::forward<T>(values)...));
  }

  const std::string* file(const std::string& name) const {
    const auto it = std::ranges::find(project_.files, name, &NodeRtl::File::name);
    return it == project_.files.end() ? nullptr : &it->text;
  }

  std::vector<std::string> lines_of(const std::string& name) {
    std::vector<std::string> lines;
    const std::string* text = file(name);
    if (!text) fault("there is no {}", name);
    for (std::size_t at = 0; text && at < text->size();) {
      const std::size_t end = std::min(text->find('\n', at), text->size());
      if (end > at) lines.push_back(text->substr(at, end - at));
      at = end + 1;
    }
    return lines;
  }

  // ---- Kernels ----

  void check_kernel(const Ip& ip) {
    const std::string name = fmt::format("kernels/{}.xml", ip.name);
    const std::string* text = file(name);
    if (!text) return fault("there is no {}", name);
    XmlElement root;
    try {
      root = parse_xml(*text);
    } catch (const UserError& error) {
      return fault("{}: {}", name, error.what());
    }
    const XmlElement& kernel = root.child("kernel");
    if (kernel.attribute("name") != ip.name || kernel.attribute("vlnv") != ip.vlnv())
      fault("{}: it is of another IP", name);
    if (kernel.attribute("hwControlProtocol") != kernel_protocol(ip))
      fault("{}: its protocol is {}", name, kernel_protocol(ip));
    std::set<std::string> described;
    for (const XmlElement* port : kernel.child("ports").all("port")) {
      described.insert(port->attribute("name"));
      check_kernel_port(ip, *port, name);
    }
    for (const IpBus& bus : ip.buses)
      if (has_data(bus) && !described.contains(bus.name)) fault("{}: no port '{}'", name, bus.name);
    for (const XmlElement* argument : kernel.child("args").all("arg")) {
      if (!described.contains(argument->attribute("port")))
        fault("{}: argument '{}' goes to no port", name, argument->attribute("name"));
      check_offset(*argument, name);
    }
  }

  static bool has_data(const IpBus& bus) {
    return bus.kind == BusKind::kStream || bus.kind == BusKind::kMemory ||
           bus.kind == BusKind::kControl;
  }

  void check_kernel_port(const Ip& ip, const XmlElement& port, const std::string& name) {
    const std::string called = port.attribute("name");
    const auto bus = std::ranges::find(ip.buses, called, &IpBus::name);
    if (bus == ip.buses.end()) return fault("{}: the IP has no bus '{}'", name, called);
    const std::string mode = bus->kind != BusKind::kStream ? (bus->master ? "master" : "slave")
                             : bus->master                 ? "write_only"
                                                           : "read_only";
    if (port.attribute("mode") != mode) fault("{}: port '{}' is {}", name, called, mode);
    if (const std::string range = fmt::format("0x{:X}", kernel_range(ip));
        bus->kind == BusKind::kControl && port.attribute("range") != range)
      fault("{}: port '{}' has a range of {}", name, called, range);
    for (const auto& [logical, physical] : bus->pins) {
      if (!logical.ends_with("DATA")) continue;
      const auto it = std::ranges::find(ip.ports, physical, &IpPort::name);
      if (std::to_string(it->bits) != port.attribute("dataWidth"))
        fault("{}: port '{}' has {} bits", name, called, it->bits);
    }
  }

  /// What XRT writes is where the mover has it.
  void check_offset(const XmlElement& argument, const std::string& name) {
    const std::string called = argument.attribute("name");
    const std::map<std::string, unsigned> places = {{"base", mover_offset("base_low")},
                                                    {"frames", mover_offset("frames")}};
    const auto it = places.find(called);
    if (it != places.end() && argument.attribute("offset") != fmt::format("0x{:x}", it->second))
      fault("{}: argument '{}' is at 0x{:x}", name, called, it->second);
  }

  // ---- link.cfg ----

  void check_line(const std::string& line) {
    if (line == "[connectivity]") return;
    const auto [key, value] = halves(line, '=');
    const auto [left, right] = halves(value, ':');
    if (key == "nk")
      add_instance(left, right);
    else if (key == "slr")
      check_region(left, right);
    else if (key == "sp")
      check_memory(left, right);
    else if (key == "stream_connect")
      check_stream(left, right);
    else
      fault("link.cfg: '{}' is nothing that Vitis is told", printable(line));
  }

  void add_instance(const std::string& kernel, const std::string& rest) {
    const auto [count, instance] = halves(rest, ':');
    const auto ip = std::ranges::find(project_.ips, kernel, &Ip::name);
    if (ip == project_.ips.end()) return fault("link.cfg: there is no kernel '{}'", kernel);
    if (count != "1" || !instances_.emplace(instance, &*ip).second)
      fault("link.cfg: there are several '{}'", instance);
  }

  void check_region(const std::string& instance, const std::string& region) {
    const int number = number_in(region, "SLR", "");
    if (!instances_.contains(instance)) fault("link.cfg: there is no instance '{}'", instance);
    if (number < 0 || number >= board_.slrs) fault("link.cfg: {} has no '{}'", board_.name, region);
  }

  const IpBus* bus_at(const std::string& end, BusKind kind) {
    const auto [instance, name] = halves(end, '.');
    const auto it = instances_.find(instance);
    if (it == instances_.end()) {
      fault("link.cfg: there is no instance '{}'", instance);
      return nullptr;
    }
    const auto bus = std::ranges::find(it->second->buses, name, &IpBus::name);
    if (bus == it->second->buses.end() || bus->kind != kind) {
      fault("link.cfg: '{}' has no such bus", end);
      return nullptr;
    }
    if (!connected_.insert(end).second) fault("link.cfg: '{}' is connected twice", end);
    return &*bus;
  }

  void check_memory(const std::string& end, const std::string& bank) {
    bus_at(end, BusKind::kMemory);
    const int number = number_in(bank, fmt::format("{}[", board_.memory), "]");
    if (number < 0 || number >= board_.banks) fault("link.cfg: {} has no '{}'", board_.name, bank);
  }

  void check_stream(const std::string& from, const std::string& to) {
    const IpBus* source = bus_at(from, BusKind::kStream);
    const IpBus* target = bus_at(to, BusKind::kStream);
    if (!source || !target) return;
    if (!source->master || target->master) fault("link.cfg: '{}' to '{}' is backwards", from, to);
    if (source->parameters != target->parameters)
      fault("link.cfg: '{}' and '{}' have different widths", from, to);
  }

  void check_connected(const std::string& instance, const IpBus& bus) {
    const std::string end = instance + "." + bus.name;
    if ((bus.kind == BusKind::kStream || bus.kind == BusKind::kMemory) && !connected_.contains(end))
      fault("link.cfg: '{}' is not connected", end);
  }

  const Project& project_;
  const hw::Board& board_;
  std::vector<std::string> faults_;
  std::map<std::string, const Ip*> instances_;
  std::set<std::string> connected_;
};

}  // namespace

std::vector<std::string> link_faults(const Project& project, const hw::Board& board) {
  if (!is_platform(board)) return {};
  return LinkCheck(project, board).run();
}

}  // namespace assay::zynq
