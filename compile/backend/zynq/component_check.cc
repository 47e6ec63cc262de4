// SPDX-License-Identifier: Apache-2.0
// component.xml against the rules of IP-XACT that Vivado goes by, and against the RTL.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <map>
#include <set>

#include "compile/backend/zynq/check.h"
#include "compile/backend/zynq/xml.h"
#include "compile/base/error.h"

namespace assay::zynq {
namespace {

/// Which way a bus' signals go, seen from its master.
const std::map<std::string, std::set<std::string>>& master_inputs() {
  static const std::map<std::string, std::set<std::string>> table = {
      {"axis", {"TREADY"}},
      {"aximm",
       {"AWREADY", "WREADY", "BVALID", "BRESP", "ARREADY", "RVALID", "RDATA", "RRESP", "RLAST"}},
      {"clock", {}},
      {"reset", {}},
      {"interrupt", {}}};
  return table;
}

const std::map<std::string, std::set<std::string>>& master_outputs() {
  static const std::map<std::string, std::set<std::string>> table = {
      {"axis", {"TVALID", "TDATA", "TLAST"}},
      {"aximm", {"AWVALID", "AWADDR", "AWLEN",   "AWSIZE",  "AWBURST", "AWCACHE", "AWPROT",
                 "WVALID",  "WDATA",  "WSTRB",   "WLAST",   "BREADY",  "ARVALID", "ARADDR",
                 "ARLEN",   "ARSIZE", "ARBURST", "ARCACHE", "ARPROT",  "RREADY"}},
      {"clock", {"CLK"}},
      {"reset", {"RST"}},
      {"interrupt", {"INTERRUPT"}}};
  return table;
}

/// Without these a bus is none.
const std::map<std::string, std::set<std::string>>& needed_signals() {
  static const std::map<std::string, std::set<std::string>> table = {
      {"axis", {"TVALID", "TREADY", "TDATA"}},
      {"aximm", {}},
      {"clock", {"CLK"}},
      {"reset", {"RST"}},
      {"interrupt", {"INTERRUPT"}}};
  return table;
}

std::int64_t whole_number(const std::string& text) {
  const bool hex = text.starts_with("0x");
  const char* const begin = text.data() + (hex ? 2 : 0);
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value, hex ? 16 : 10);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(':', from), text.size());
    words.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return words;
}

std::string parameter_of(const XmlElement& element, std::string_view name) {
  for (const XmlElement* one : element.child("spirit:parameters").all("spirit:parameter"))
    if (one->child("spirit:name").text == name) return one->child("spirit:value").text;
  return "";
}

class ComponentCheck {
 public:
  ComponentCheck(const XmlElement& root, const std::vector<RtlPort>& ports,
                 const std::vector<std::string>& files, std::int64_t used)
      : root_(root), rtl_(ports), there_(files), used_(used) {}

  std::vector<std::string> run() {
    if (root_.name != "spirit:component") fault("the root is '{}'", root_.name);
    for (const char* part : {"spirit:vendor", "spirit:library", "spirit:name", "spirit:version"})
      if (root_.child(part).text.empty()) fault("there is no {}", part);
    check_ports();
    for (const XmlElement* bus : root_.child("spirit:busInterfaces").all("spirit:busInterface"))
      check_bus(*bus);
    for (const RtlPort& port : rtl_)
      if (!mapped_.contains(port.name)) fault("port '{}' belongs to no bus", port.name);
    check_clocks();
    check_registers();
    check_files();
    return std::move(faults_);
  }

 private:
  template <typename... T>
  void fault(fmt::format_string<T...> format, T&&... values) {
    std::string text = fmt::format(format, std::forward<T>(values)...);
    std::ranges::replace_if(
        text, [](char c) { return c < ' ' || c > '~'; }, '?');
    faults_.push_back(std::move(text));
  }

  void check_ports() {
    std::vector<RtlPort> described;
    for (const XmlElement* port :
         root_.child("spirit:model").child("spirit:ports").all("spirit:port")) {
      const XmlElement& wire = port->child("spirit:wire");
      const XmlElement& range = wire.child("spirit:vector");
      const std::int64_t left =
          range.name.empty() ? 0 : whole_number(range.child("spirit:left").text);
      if (!range.name.empty() && (left < 0 || range.child("spirit:right").text != "0"))
        fault("port '{}' has no range", port->child("spirit:name").text);
      described.push_back({port->child("spirit:name").text,
                           wire.child("spirit:direction").text == "out",
                           static_cast<int>(left) + 1});
    }
    for (const RtlPort& port : rtl_) {
      const auto it = std::ranges::find(described, port.name, &RtlPort::name);
      if (it == described.end())
        fault("port '{}' of the RTL is not described", port.name);
      else if (*it != port)
        fault("port '{}' is described as {} of {} bits and is {} of {}", port.name,
              it->output ? "an output" : "an input", it->bits,
              port.output ? "an output" : "an input", port.bits);
    }
    for (const RtlPort& port : described)
      if (std::ranges::find(rtl_, port.name, &RtlPort::name) == rtl_.end())
        fault("port '{}' is not in the RTL", port.name);
  }

  const RtlPort* rtl_port(const std::string& name) const {
    const auto it = std::ranges::find(rtl_, name, &RtlPort::name);
    return it == rtl_.end() ? nullptr : &*it;
  }

  void check_bus(const XmlElement& bus) {
    const std::string name = bus.child("spirit:name").text;
    const std::string type = bus.child("spirit:busType").attribute("spirit:name");
    if (!buses_.insert(name).second) fault("two buses are called '{}'", name);
    if (!master_inputs().contains(type)) {
      fault("bus '{}' is of the unknown kind '{}'", name, type);
      return;
    }
    if (bus.child("spirit:abstractionType").attribute("spirit:name") != type + "_rtl")
      fault("bus '{}' is no {}_rtl", name, type);
    const bool master = !bus.child("spirit:master").name.empty();
    if (master == !bus.child("spirit:slave").name.empty())
      fault("bus '{}' is neither master nor slave", name);
    std::set<std::string> logical;
    for (const XmlElement* map : bus.child("spirit:portMaps").all("spirit:portMap")) {
      const std::string signal = map->child("spirit:logicalPort").child("spirit:name").text;
      if (!logical.insert(signal).second) fault("bus '{}' has {} twice", name, signal);
      check_signal(name, type, master, signal,
                   map->child("spirit:physicalPort").child("spirit:name").text);
    }
    for (const std::string& signal : needed_signals().at(type))
      if (!logical.contains(signal)) fault("bus '{}' has no {}", name, signal);
    if (type == "axis" || type == "aximm") check_width(bus, name, type);
    if (type == "aximm") check_reference(bus, name, master);
    if (type == "axis" || type == "aximm") data_buses_.insert(name);
    if (type == "reset" && parameter_of(bus, "POLARITY") != "ACTIVE_LOW")
      fault("reset '{}' is not ACTIVE_LOW", name);
    if (type == "interrupt" && parameter_of(bus, "SENSITIVITY") != "LEVEL_HIGH")
      fault("interrupt '{}' is not LEVEL_HIGH", name);
    if (type == "clock") clocks_.push_back(&bus);
    if (type == "reset") resets_.insert(name);
  }

  void check_signal(const std::string& bus, const std::string& type, bool master,
                    const std::string& signal, const std::string& physical) {
    const RtlPort* port = rtl_port(physical);
    if (!port) {
      fault("bus '{}': port '{}' is not in the RTL", bus, physical);
      return;
    }
    if (!mapped_.insert(physical).second) fault("port '{}' is in two places", physical);
    const bool in = master_inputs().at(type).contains(signal);
    if (!in && !master_outputs().at(type).contains(signal))
      fault("bus '{}': no {} has a {}", bus, type, signal);
    else if (port->output != (in != master))
      fault("bus '{}': {} goes the wrong way", bus, signal);
    widths_[bus + "/" + signal] = port->bits;
  }

  void check_width(const XmlElement& bus, const std::string& name, const std::string& type) {
    const bool stream = type == "axis";
    const std::int64_t said =
        whole_number(parameter_of(bus, stream ? "TDATA_NUM_BYTES" : "DATA_WIDTH"));
    const std::int64_t bits = stream ? 8 * said : said;
    for (const char* signal : {"TDATA", "WDATA", "RDATA"}) {
      const auto it = widths_.find(fmt::format("{}/{}", name, signal));
      if (it != widths_.end() && it->second != bits)
        fault("bus '{}': {} has {} bits, not {}", name, signal, it->second, bits);
    }
    const auto strobes = widths_.find(name + "/WSTRB");
    if (strobes != widths_.end() && 8 * strobes->second != bits)
      fault("bus '{}': WSTRB has {} bits", name, strobes->second);
  }

  void check_reference(const XmlElement& bus, const std::string& name, bool master) {
    const std::string of = master ? "addressSpace" : "memoryMap";
    const XmlElement& mode = bus.child(master ? "spirit:master" : "spirit:slave");
    const std::string target = mode.child("spirit:" + of + "Ref").attribute("spirit:" + of + "Ref");
    bool found = false;
    for (const XmlElement* one : root_.child("spirit:" + of + "s").all("spirit:" + of))
      found = found || one->child("spirit:name").text == target;
    if (!found) fault("bus '{}' names the {} '{}', which is not there", name, of, target);
  }

  void check_clocks() {
    std::set<std::string> clocked;
    for (const XmlElement* clock : clocks_) {
      for (const std::string& bus : words_of(parameter_of(*clock, "ASSOCIATED_BUSIF"))) {
        if (!data_buses_.contains(bus)) fault("a clock is of '{}', which is no bus", bus);
        clocked.insert(bus);
      }
      const std::string reset = parameter_of(*clock, "ASSOCIATED_RESET");
      if (!resets_.contains(reset)) fault("a clock goes with '{}', which is no reset", reset);
    }
    for (const std::string& bus : data_buses_)
      if (!clocked.contains(bus)) fault("bus '{}' has no clock", bus);
  }

  /// A master sees whole pages, and a base that is in the addresses is no part of what the slave takes.
  void check_range(const std::string& map, std::int64_t range) {
    constexpr std::int64_t kPage = 0x1000;
    if (range < kPage || !std::has_single_bit(static_cast<std::uint64_t>(range)))
      fault("'{}' takes {} bytes, which is no power of two from {} on", map, range, kPage);
    if (range < used_) fault("'{}' takes {} bytes, and what is in it {}", map, range, used_);
    for (const char* signal : {"AWADDR", "ARADDR"}) {
      const auto it = widths_.find(fmt::format("{}/{}", map, signal));
      if (it != widths_.end() && (it->second > 62 || std::int64_t{1} << it->second > range))
        fault("bus '{}': {} of {} bits is wider than its {} bytes", map, signal, it->second, range);
      if (it != widths_.end() && it->second <= 62 && std::int64_t{1} << it->second < used_)
        fault("bus '{}': {} of {} bits does not reach {} bytes", map, signal, it->second, used_);
    }
  }

  void check_registers() {
    for (const XmlElement* map : root_.child("spirit:memoryMaps").all("spirit:memoryMap"))
      for (const XmlElement* block : map->all("spirit:addressBlock")) {
        const std::int64_t range = whole_number(block->child("spirit:range").text);
        check_range(map->child("spirit:name").text, range);
        std::set<std::int64_t> offsets;
        for (const XmlElement* one : block->all("spirit:register")) {
          const std::int64_t offset = whole_number(one->child("spirit:addressOffset").text);
          const std::string name = one->child("spirit:name").text;
          if (offset < 0 || offset % 4 != 0 || offset + 4 > range)
            fault("register '{}' has no place in its block", name);
          if (!offsets.insert(offset).second) fault("register '{}' is where another one is", name);
          check_fields(*one, name);
        }
      }
  }

  void check_fields(const XmlElement& one, const std::string& name) {
    std::uint64_t taken = 0;
    for (const XmlElement* field : one.all("spirit:field")) {
      const std::int64_t bit = whole_number(field->child("spirit:bitOffset").text);
      const std::int64_t bits = whole_number(field->child("spirit:bitWidth").text);
      if (bit < 0 || bits < 1 || bit + bits > 32) {
        fault("register '{}': a field lies outside of it", name);
        continue;
      }
      const std::uint64_t mask = ((std::uint64_t{1} << bits) - 1) << bit;
      if ((taken & mask) != 0) fault("register '{}': two fields share a bit", name);
      taken |= mask;
    }
  }

  void check_files() {
    std::set<std::string> sets, named;
    for (const XmlElement* set : root_.child("spirit:fileSets").all("spirit:fileSet")) {
      sets.insert(set->child("spirit:name").text);
      for (const XmlElement* file : set->all("spirit:file")) {
        const std::string name = file->child("spirit:name").text;
        named.insert(name);
        if (std::ranges::find(there_, name) == there_.end()) fault("there is no file '{}'", name);
        if (file->child("spirit:fileType").text.empty() &&
            file->child("spirit:userFileType").text.empty())
          fault("file '{}' has no type", name);
      }
    }
    for (const std::string& file : there_)
      if (file != "component.xml" && !named.contains(file))
        fault("file '{}' is in no file set", file);
    for (const XmlElement* view :
         root_.child("spirit:model").child("spirit:views").all("spirit:view")) {
      const std::string set = view->child("spirit:fileSetRef").child("spirit:localName").text;
      if (!sets.contains(set)) fault("a view names the file set '{}', which is not there", set);
    }
  }

  const XmlElement& root_;
  const std::vector<RtlPort>& rtl_;
  const std::vector<std::string>& there_;
  const std::int64_t used_;
  std::vector<std::string> faults_;
  std::set<std::string> buses_, data_buses_, resets_, mapped_;
  std::vector<const XmlElement*> clocks_;
  std::map<std::string, int> widths_;
};

}  // namespace

std::vector<std::string> component_faults(std::string_view xml, const std::vector<RtlPort>& ports,
                                          const std::vector<std::string>& files,
                                          std::int64_t used) {
  XmlElement root;
  try {
    root = parse_xml(xml);
  } catch (const UserError& error) {
    return {error.what()};
  }
  return ComponentCheck(root, ports, files, used).run();
}

}  // namespace assay::zynq
