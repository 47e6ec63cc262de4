// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ice40/constraints.h"

#include <charconv>
#include <set>
#include <sstream>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::ice40 {
namespace {

constexpr int kWidestPort = 4096;

/// "data[3]" is bit 3 of "data".
PinConstraint constraint_of(const std::string& name, const std::string& pin) {
  const std::size_t open = name.rfind('[');
  if (open == std::string::npos || !name.ends_with(']')) return {name, -1, pin};
  PinConstraint result{name.substr(0, open), -1, pin};
  const char* last = name.data() + name.size() - 1;
  const auto [end, error] = std::from_chars(name.data() + open + 1, last, result.index);
  if (error != std::errc() || end != last || result.index < 0) return {name, -1, pin};
  return result;
}

/// The words of a line in front of its comment.
std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line.substr(0, line.find('#')));
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

}  // namespace

std::vector<PinConstraint> read_constraints(std::string_view text, std::string_view file) {
  std::vector<PinConstraint> result;
  std::set<std::pair<std::string, int>> bits;
  std::set<std::string> pins;
  std::istringstream stream{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    const auto refuse = [&](const char* why) {
      user_error("constraints '{}', line {}: '{}' {}", printable(file), number, printable(line, 80),
                 why);
    };
    std::vector<std::string> words = words_of(line);
    if (words.empty() || words[0] == "set_frequency") continue;
    if (words[0] != "set_io") refuse("is no set_io");
    std::erase_if(words, [](const std::string& word) { return word == "-nowarn"; });
    if (words.size() != 3) refuse("is not: set_io PORT PIN");
    PinConstraint entry = constraint_of(words[1], words[2]);
    if (entry.index >= kWidestPort) refuse("is beyond the widest port");
    if (!bits.insert({entry.port, entry.index}).second) refuse("names a port that has a pin");
    if (!pins.insert(entry.pin).second) refuse("names a pin that has a port");
    result.push_back(std::move(entry));
  }
  return result;
}

}  // namespace assay::ice40
