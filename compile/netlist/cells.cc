// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/cells.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace assay::netlist {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream stream{std::string(text)};
  return {std::istream_iterator<std::string>(stream), {}};
}

int number_of(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// What follows `mark`, which is taken off with it; empty when there is none.
std::string split(std::string& word, char mark) {
  const std::size_t at = word.find(mark);
  if (at == std::string::npos) return "";
  std::string rest = word.substr(at + 1);
  word.resize(at);
  return rest;
}

}  // namespace

const std::vector<Net>& Cell::nets(std::string_view pin) const {
  const auto at = pins.find(pin);
  ASSAY_INVARIANT(at != pins.end(), fmt::format("a model of {} asks for pin {}", type, pin));
  return at->second;
}

std::vector<Net> Cell::numbered(std::string_view prefix, int count) const {
  std::vector<Net> all;
  for (int i = 0; i < count; ++i) all.push_back(net(fmt::format("{}{}", prefix, i)));
  return all;
}

std::vector<bool> Cell::bits(std::string_view parameter, int width) const {
  const auto at = parameters.find(parameter);
  ASSAY_INVARIANT(at != parameters.end(),
                  fmt::format("a model of {} asks for parameter {}", type, parameter));
  std::vector<bool> bits(static_cast<std::size_t>(width));
  std::size_t i = 0;
  for (auto digit = at->second.rbegin(); digit != at->second.rend(); ++digit, ++i) {
    if (std::string_view("01xz").find(*digit) == std::string_view::npos)
      refuse("its parameter {} is '{}', not a number", parameter, at->second);
    if (*digit != '1') continue;
    if (i >= bits.size()) refuse("its parameter {} has more than {} bits", parameter, width);
    bits[i] = true;
  }
  return bits;
}

std::uint64_t Cell::number(std::string_view parameter, int width) const {
  std::uint64_t number = 0;
  const std::vector<bool> all = bits(parameter, width);
  for (std::size_t i = 0; i < all.size(); ++i) number |= std::uint64_t{all[i]} << i;
  return number;
}

int Cell::choice(std::string_view parameter, std::initializer_list<std::string_view> words) const {
  const auto at = parameters.find(parameter);
  ASSAY_INVARIANT(at != parameters.end(),
                  fmt::format("a model of {} asks for parameter {}", type, parameter));
  const auto word = std::find(words.begin(), words.end(), at->second);
  if (word == words.end())
    refuse("there is no model of parameter {} = '{}'", parameter, at->second);
  return static_cast<int>(word - words.begin());
}

std::vector<bool> Cell::contents(std::string_view prefix, int digits, int count, int width) const {
  std::vector<bool> all;
  for (int i = 0; i < count; ++i) {
    const std::vector<bool> part = bits(fmt::format("{}{:0{}X}", prefix, i, digits), width);
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

void Cell::drive(Net out, std::uint64_t table, std::initializer_list<Net> inputs) const {
  netlist.lut(table, inputs);
  netlist.luts.back().out = out;
}

PinModels pins_of(const CellModel& model) {
  PinModels pins;
  for (std::string& word : words_of(model.pins)) {
    PinModel pin;
    pin.input = !word.ends_with('>') || word.ends_with("<>");
    pin.output = word.ends_with('>');
    if (pin.output) word.resize(word.find_first_of("<>"));
    if (const std::string absent = split(word, '='); !absent.empty()) pin.absent = absent[0];
    if (std::string width = split(word, ':'); !width.empty()) {
      pin.wider = width.ends_with('+');
      if (pin.wider) width.pop_back();
      pin.width = width == "*" ? 0 : number_of(width);
    }
    const std::string count = split(word, '#');
    if (count.empty()) pins[word] = pin;
    for (int i = 0; i < number_of(count); ++i) pins[fmt::format("{}{}", word, i)] = pin;
  }
  return pins;
}

ParameterModels parameters_of(const CellModel& model) {
  ParameterModels parameters;
  for (std::string& word : words_of(model.parameters)) {
    const std::string absent = split(word, '=');
    const auto digits = std::count(word.begin(), word.end(), '#');
    if (digits == 0) parameters[word] = absent;
    const int count = digits == 0 ? 0 : number_of(word.substr(word.rfind('#') + 1));
    for (int i = 0; i < count; ++i)
      parameters[fmt::format("{}{:0{}X}", word.substr(0, word.find('#')), i, digits)] = absent;
  }
  return parameters;
}

}  // namespace assay::netlist
