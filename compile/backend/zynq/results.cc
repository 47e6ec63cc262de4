// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/results.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::zynq {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    if (lines.back().ends_with('\r')) lines.back().remove_suffix(1);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// "| a | b |" as its cells; nothing for other lines.
std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  line = trimmed(line);
  if (line.size() < 2 || line.front() != '|' || line.back() != '|') return cells;
  line.remove_prefix(1);
  while (!line.empty()) {
    const std::size_t end = line.find('|');
    cells.push_back(trimmed(line.substr(0, end)));
    line.remove_prefix(end + 1);
  }
  return cells;
}

std::optional<double> real_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

double number_of(std::string_view text, std::string_view file) {
  const auto value = real_in(text);
  if (!value) user_error("'{}': '{}' is no number in a table", file, printable(std::string(text)));
  return *value;
}

std::int64_t count_of(std::string_view text, std::string_view file) {
  const double value = number_of(text, file);
  constexpr double kMost = 1e9;
  if (value < 0 || value > kMost || value != static_cast<double>(static_cast<std::int64_t>(value)))
    user_error("'{}': '{}' is no count", file, printable(std::string(text)));
  return static_cast<std::int64_t>(value);
}

/// "| Device       : xc7z020clg400-1" in a report's head.
std::string device_of(const std::vector<std::string_view>& lines, std::string_view file) {
  for (std::string_view line : lines) {
    line = trimmed(line);
    if (!line.starts_with('|')) continue;
    line = trimmed(line.substr(1));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || trimmed(line.substr(0, colon)) != "Device") continue;
    return std::string(trimmed(line.substr(colon + 1)));
  }
  user_error("'{}' is no report of Vivado's: its head names no device", file);
}

std::size_t column(const std::vector<std::string_view>& head,
                   std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (const auto at = std::ranges::find(head, name); at != head.end())
      return static_cast<std::size_t>(at - head.begin());
  return head.size();
}

/// Rows below a head whose first cell is `first`, up to the next head, cell by cell.
template <typename Row>
void each_row(const std::vector<std::string_view>& lines, std::string_view first,
              std::string_view file, const Row& row) {
  std::vector<std::string_view> head;
  for (const std::string_view line : lines) {
    const std::vector<std::string_view> cells = cells_of(line);
    if (cells.empty()) {
      if (trimmed(line).starts_with('|') && !head.empty())
        user_error("'{}' is cut off in a table", file);
      if (!trimmed(line).starts_with('+')) head.clear();
    } else if (cells[0] == first) {
      head = cells;
    } else if (!head.empty()) {
      if (cells.size() != head.size()) user_error("'{}' is cut off in a table", file);
      row(head, cells);
    }
  }
}

bool has_site(const UtilisationReport& report, std::initializer_list<std::string_view> names) {
  return std::ranges::any_of(report.sites, [&](const SiteUse& site) {
    return std::ranges::find(names, site.name) != names.end();
  });
}

std::string plain_part(std::string_view part) {
  std::string text;
  for (const char c : part)
    if (c != '-' && c != ' ') text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text.starts_with("xc") ? text.substr(2) : text;
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

UtilisationReport read_utilisation(std::string_view text, std::string_view file) {
  const std::vector<std::string_view> lines = lines_of(text);
  UtilisationReport report{device_of(lines, file), {}};
  each_row(lines, "Site Type", file, [&](const auto& head, const auto& cells) {
    const std::size_t used = column(head, {"Used"}), available = column(head, {"Available"});
    if (used == head.size() || available == head.size() || cells[available].empty()) return;
    std::string_view name = cells[0];
    while (name.ends_with('*')) name.remove_suffix(1);  // of a footnote
    const bool known =
        std::ranges::any_of(report.sites, [&](const SiteUse& site) { return site.name == name; });
    if (known) return;
    report.sites.push_back({printable(std::string(name)), number_of(cells[used], file),
                            number_of(cells[available], file)});
    if (report.sites.back().used < 0 || report.sites.back().available < 0)
      user_error("'{}': '{}' has counts below 0", file, report.sites.back().name);
  });
  if (!has_site(report, {"Slice LUTs", "CLB LUTs"}) ||
      !has_site(report, {"Slice Registers", "CLB Registers"}))
    user_error("'{}' tells of no LUTs and registers: it is no whole report_utilization", file);
  return report;
}

std::vector<InstanceUse> read_hierarchy(std::string_view text, std::string_view file) {
  std::vector<InstanceUse> rows;
  each_row(lines_of(text), "Instance", file, [&](const auto& head, const auto& cells) {
    const auto count = [&](std::initializer_list<std::string_view> names) {
      const std::size_t at = column(head, names);
      if (at == head.size())
        user_error("'{}' has no column '{}': it is no report_utilization -hierarchical", file,
                   *names.begin());
      return count_of(cells[at], file);
    };
    rows.push_back({std::string(cells[0]), count({"Total LUTs"}), count({"FFs"}), count({"RAMB36"}),
                    count({"RAMB18"}), count({"DSP Blocks", "DSP48 Blocks"})});
  });
  if (rows.empty())
    user_error("'{}' has no instances: it is no report_utilization -hierarchical", file);
  return rows;
}

TimingSummary read_timing(std::string_view text, std::string_view file) {
  const std::vector<std::string_view> lines = lines_of(text);
  TimingSummary summary{device_of(lines, file), 0, {}, {}, 0};
  const auto is_head = [](std::string_view line) { return trimmed(line).starts_with("WNS(ns)"); };
  const auto head = std::ranges::find_if(lines, is_head);
  if (lines.end() - head < 3)
    user_error("'{}' has no design timing summary: it is no whole report_timing_summary", file);
  if (std::ranges::count_if(lines, is_head) > 1)
    user_error("'{}' has several design timing summaries", file);
  std::vector<std::string_view> words;
  for (std::string_view rest = trimmed(head[2]); !rest.empty();) {
    words.push_back(rest.substr(0, rest.find(' ')));
    rest = trimmed(rest.substr(words.back().size()));
  }
  // WNS TNS failing all WHS THS failing all WPWS TPWS failing all
  constexpr std::size_t kHold = 4, kPulse = 8, kFailing = 2, kWords = 12;
  if (words.size() < kWords)
    user_error("'{}' is cut off in its design timing summary, or the design has no clock", file);
  summary.setup_ns = number_of(words[0], file);
  if (words[kHold] != "NA") summary.hold_ns = number_of(words[kHold], file);
  if (words[kPulse] != "NA") summary.pulse_ns = number_of(words[kPulse], file);
  for (const std::size_t kind : {std::size_t{0}, kHold, kPulse})
    if (words[kind] != "NA") summary.failing += count_of(words[kind + kFailing], file);
  return summary;
}

// Two bytes of length, so many of a marker, 00 01, and fields: a letter, two bytes of length, a text; the last one is e with
// four bytes, and the bits.
std::string bitfile_part(std::string_view bytes, std::string_view file) {
  std::size_t at = 0;
  const auto take = [&](std::size_t count) {
    if (bytes.size() - at < count) user_error("'{}' is no .bit, or cut off in its head", file);
    at += count;
    return bytes.substr(at - count, count);
  };
  take(big_endian(take(2)));
  if (big_endian(take(2)) != 1) user_error("'{}' is no .bit: its head is not one", file);
  std::string part;
  for (const char expected : {'a', 'b', 'c', 'd'}) {
    if (take(1)[0] != expected) user_error("'{}' is no .bit: its head is not one", file);
    const std::string_view value = take(big_endian(take(2)));
    if (expected == 'b') part = std::string(value.substr(0, value.find('\0')));
  }
  if (take(1)[0] != 'e') user_error("'{}' is no .bit: its head is not one", file);
  const std::uint64_t length = big_endian(take(4));
  if (bytes.size() - at != length)
    user_error("'{}' is cut off: its head speaks of {} bytes of bits, {} are there", file, length,
               bytes.size() - at);
  return printable(part);
}

void require_handoff(std::string_view text, std::string_view file) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  if (text.find("<EDKSYSTEM") == std::string_view::npos || end == std::string_view::npos ||
      !text.substr(0, end + 1).ends_with("</EDKSYSTEM>"))
    user_error("'{}' is no whole hardware handoff, an XML document with EDKSYSTEM at its root",
               file);
}

void require_xclbin(std::string_view bytes, std::string_view file) {
  constexpr std::size_t kLength = 304, kLengthBytes = 8;  // behind magic, signature, keys and id
  if (bytes.size() < kLength + kLengthBytes || !bytes.starts_with(std::string_view("xclbin2\0", 8)))
    user_error("'{}' is no .xclbin, or cut off in its head", file);
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;)
    length = length << 8U | static_cast<unsigned char>(bytes[kLength + i]);
  if (length != bytes.size())
    user_error("'{}' is cut off: its head speaks of {} bytes, {} are there", file, length,
               bytes.size());
}

bool is_part(std::string_view device, std::string_view part) {
  const std::string of = plain_part(device), whole = plain_part(part);
  constexpr std::size_t kLeast = 4;  // "u250": less is no device
  return of.size() >= kLeast && (whole.starts_with(of) || of.starts_with(whole));
}

}  // namespace assay::zynq
