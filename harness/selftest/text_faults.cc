// SPDX-License-Identifier: Apache-2.0
#include "harness/selftest/text_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string_view>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/report/json.h"
#include "harness/report/verdict.h"

namespace assay {
namespace {

using Pointer = Json::json_pointer;

/// "/stages/*/verdict": a claim's name, whichever entry of a list it is about.
std::string claim_name(const std::string& pointer) {
  static const std::regex index("/[0-9]+(?=/|$)");
  return std::regex_replace(pointer, index, "/*");
}

/// Everything that can be changed, by its name.
void collect_claims(const Json& json, const Pointer& at,
                    std::map<std::string, std::vector<Pointer>>& claims) {
  const auto add = [&] { claims[claim_name(at.to_string())].push_back(at); };
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) collect_claims(value, at / key, claims);
  } else if (json.is_array()) {
    if (!json.empty()) add();
    for (std::size_t i = 0; i < json.size(); ++i) collect_claims(json[i], at / i, claims);
  } else if (!json.is_null()) {
    add();
  }
}

std::string other_text(const std::string& text, Draw& draw) {
  constexpr std::array kVerdicts = {Verdict::kEquivalent, Verdict::kApproximate,
                                    Verdict::kDifferent, Verdict::kInconclusive};
  for (std::size_t i = 0; i < kVerdicts.size(); ++i)
    if (text == verdict_name(kVerdicts[i]))
      return std::string(verdict_name(kVerdicts[(i + 1 + draw_index(draw, 3)) % 4]));
  if (text.empty()) return "x";
  std::string other = text;
  char& c = other[draw_index(draw, other.size())];
  c = c == '0' ? '1' : '0';
  return other;
}

Json other_claim(const Json& value, Draw& draw) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_string()) return other_text(value.get<std::string>(), draw);
  if (value.is_number_unsigned() || value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    const std::array others = {number + 1, number - 1, std::int64_t{0}, number * 2};
    const std::int64_t other = others[draw_index(draw, others.size())];
    return other == number || (other < 0 && number >= 0) ? number + 1 : other;
  }
  if (value.is_number()) return value.get<double>() * 2 + 1;
  Json shorter = value;
  if (draw_index(draw, 2) == 0)
    shorter.clear();
  else
    shorter.erase(draw_index(draw, shorter.size()));
  return shorter;
}

std::string shown(const Json& value) {
  return value.is_array() ? fmt::format("a list of {}", value.size()) : printable(value.dump(), 70);
}

/// What a report says of a comparison; a name stands for all that is in it.
constexpr std::array kOfCheck = {"/verdict",   "/images",   "/predicted",   "/compared",
                                 "/differing", "/canaries", "/checkpoints", "/unexpected"};

bool is_of_check(std::string_view name) {
  return std::ranges::any_of(kOfCheck, [&](std::string_view claim) {
    return name == claim || (name.starts_with(claim) && name[claim.size()] == '/');
  });
}

std::optional<Edit> change_one(const std::string& bytes, bool (*wanted)(std::string_view name),
                               Draw& draw) {
  Json json = parse_json(bytes, "a report of the selftest");
  std::map<std::string, std::vector<Pointer>> by_name;
  collect_claims(json, Pointer(), by_name);
  by_name.erase("/schema");  // no claim
  std::vector<std::vector<Pointer>> claims;
  for (auto& [name, pointers] : by_name)
    if (wanted(name)) claims.push_back(std::move(pointers));
  if (claims.empty()) return {};
  const Pointer claim = draw_from(draw, draw_from(draw, claims));
  const Json before = json.at(claim);
  json.at(claim) = other_claim(before, draw);
  return Edit{json_text(json), fmt::format("{}: {} instead of {}", claim.to_string(),
                                           shown(json.at(claim)), shown(before))};
}

struct Swap {
  std::string_view from, to;
};

/// What a slip of the hand makes of a source.
constexpr std::array kSwaps = {
    Swap{" + ", " - "},   Swap{" - ", " + "},           Swap{" * ", " + "},
    Swap{" == ", " != "}, Swap{" != ", " == "},         Swap{" < ", " <= "},
    Swap{" <= ", " < "},  Swap{" > ", " >= "},          Swap{" >= ", " > "},
    Swap{" && ", " || "}, Swap{" || ", " && "},         Swap{" & ", " | "},
    Swap{" | ", " & "},   Swap{"1'b0", "1'b1"},         Swap{"1'b1", "1'b0"},
    Swap{"'0", "'1"},     Swap{"signed'", "unsigned'"}, Swap{"!", ""},
    Swap{"~", ""},        Swap{"posedge", "negedge"}};

struct Place {
  std::size_t at, length;
  std::string to;
};

bool in_comment(const std::string& text, std::size_t at) {
  const std::size_t line = text.rfind('\n', at) + 1;  // npos + 1: the first line
  return text.substr(line, at - line).find("//") != std::string::npos;
}

std::vector<Place> swaps_in(const std::string& text) {
  std::vector<Place> places;
  for (const Swap& swap : kSwaps)
    for (std::size_t at = text.find(swap.from); at != std::string::npos;
         at = text.find(swap.from, at + 1))
      places.push_back({at, swap.from.size(), std::string(swap.to)});
  return places;
}

/// Decimal numbers that stand for themselves, each one larger.
std::vector<Place> numbers_in(const std::string& text) {
  const auto word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '\'' || c == '.';
  };
  std::vector<Place> places;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (std::isdigit(static_cast<unsigned char>(text[at])) == 0) continue;
    std::size_t end = at;
    while (end < text.size() && word(text[end])) ++end;
    const std::string_view digits = std::string_view(text).substr(at, end - at);
    constexpr std::size_t kMostDigits = 15;
    if ((at == 0 || !word(text[at - 1])) && digits.size() <= kMostDigits &&
        std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }))
      places.push_back({at, digits.size(), std::to_string(std::stoll(std::string(digits)) + 1)});
    at = end;
  }
  return places;
}

std::optional<Edit> edit_place(const std::string& text, const std::vector<Place>& places,
                               Draw& draw) {
  if (places.empty()) return {};
  const Place& place = draw_from(draw, places);
  Edit edit{text, ""};
  edit.bytes.replace(place.at, place.length, place.to);
  const auto line = std::ranges::count(std::string_view(text).substr(0, place.at), '\n') + 1;
  edit.change = fmt::format("line {}: '{}' for '{}'", line, printable(place.to),
                            printable(text.substr(place.at, place.length)));
  return edit;
}

}  // namespace

std::optional<Edit> flip_bit(const std::string& bytes, Draw& draw) {
  if (bytes.empty()) return {};
  const auto doublings = static_cast<std::size_t>(std::bit_width(bytes.size()));
  const std::size_t reach =
      std::min(bytes.size(), std::size_t{1} << draw_index(draw, doublings + 1));
  const std::size_t at = draw_index(draw, reach);
  const auto bit = static_cast<int>(draw_index(draw, 8));
  Edit edit{bytes, fmt::format("bit {} of byte {}", bit, at)};
  edit.bytes[at] = static_cast<char>(static_cast<unsigned char>(edit.bytes[at]) ^ (1U << bit));
  return edit;
}

std::optional<Edit> cut_off(const std::string& bytes, Draw& draw) {
  if (bytes.empty()) return {};
  const std::size_t kept = draw_index(draw, bytes.size());
  return Edit{bytes.substr(0, kept),
              fmt::format("cut off after {} of {} bytes", kept, bytes.size())};
}

std::optional<Edit> change_claim(const std::string& bytes, Draw& draw) {
  return change_one(
      bytes, [](std::string_view) { return true; }, draw);
}

std::optional<Edit> change_check(const std::string& bytes, Draw& draw) {
  return change_one(bytes, is_of_check, draw);
}

std::optional<Edit> change_source(const std::string& bytes, Draw& draw) {
  std::vector<Place> places = swaps_in(bytes), numbers = numbers_in(bytes);
  places.insert(places.end(), numbers.begin(), numbers.end());
  std::erase_if(places, [&](const Place& place) { return in_comment(bytes, place.at); });
  return edit_place(bytes, places, draw);
}

std::optional<Edit> change_memory(const std::string& bytes, Draw& draw) {
  std::vector<std::size_t> digits;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (std::isxdigit(static_cast<unsigned char>(bytes[i])) != 0) digits.push_back(i);
  if (digits.empty()) return {};
  const std::size_t at = draw_from(draw, digits);
  const int value = std::stoi(bytes.substr(at, 1), nullptr, 16), bit = 1 << draw_index(draw, 4);
  return edit_place(bytes, {{at, 1, fmt::format("{:x}", value ^ bit)}}, draw);
}

std::optional<Edit> change_number(const std::string& bytes, Draw& draw) {
  return edit_place(bytes, numbers_in(bytes), draw);
}

std::optional<Edit> always_succeed(const std::string& bytes, Draw&) {
  return Edit{"#!/bin/sh\nexit 0\n",
              fmt::format("{} bytes are a script that does nothing", bytes.size())};
}

}  // namespace assay
