// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/quote.h"

#include "compile/base/printable.h"

namespace assay::zynq {
namespace {

constexpr std::size_t kLongestName = 4096;

}  // namespace

std::string tcl_word(std::string_view text) {
  if (text.empty()) return "{}";
  std::string word;
  for (const char c : printable(text, kLongestName)) {
    if (std::string_view("\\\"$[]{};# ").find(c) != std::string_view::npos) word += '\\';
    word += c;
  }
  return word;
}

std::string xml_text(std::string_view text) {
  std::string result;
  for (const char c : printable(text, kLongestName)) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

std::string c_comment(std::string_view text) {
  std::string result;
  for (const char c : printable(text, kLongestName)) {
    // Neither ends the comment nor begins another, nor is there a trigraph.
    const bool after_star = !result.empty() && result.back() == '*';
    const bool after_slash = !result.empty() && result.back() == '/';
    if ((c == '/' && after_star) || (c == '*' && after_slash)) result += ' ';
    result += c == '?' ? '.' : c;
  }
  return result;
}

}  // namespace assay::zynq
