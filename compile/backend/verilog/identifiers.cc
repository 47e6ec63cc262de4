// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/verilog/identifiers.h"

#include <algorithm>

namespace assay {
namespace {

constexpr std::size_t kLongest = 56;  // room for a number

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string legal(std::string_view name) {
  std::string text;
  for (const char c : name.substr(0, kLongest)) {
    if (is_letter(c) || is_digit(c))
      text += c;
    else if (!text.empty() && text.back() != '_')
      text += '_';
  }
  if (!text.empty() && text.back() == '_') text.pop_back();
  return text.empty() || is_digit(text[0]) ? "n" + text : text;
}

}  // namespace

std::string Identifiers::make(std::string_view name) {
  const std::string base = legal(name);
  std::string text = base;
  for (int i = 2; !taken_.insert(lower(text)).second; ++i) text = base + "_" + std::to_string(i);
  return text;
}

}  // namespace assay
