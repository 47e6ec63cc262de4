// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/verilog_text.h"

#include <algorithm>
#include <cctype>

namespace assay {

bool is_word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

VerilogText verilog_text(std::string_view source) {
  VerilogText parts;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const std::size_t start = i;
    if (source.substr(i).starts_with("//")) {
      i = std::min(source.find('\n', i), source.size());
      parts.code += '\n';
      parts.comments += source.substr(start, i + 1 - start);
    } else if (source.substr(i).starts_with("/*")) {
      i = std::min(source.find("*/", i + 2), source.size() - 2) + 1;
      parts.code += ' ';
      parts.comments += source.substr(start, i + 1 - start);
    } else if (source[i] == '\\') {  // up to the blank, whatever it is made of
      while (i + 1 < source.size() && !std::isspace(static_cast<unsigned char>(source[i + 1]))) ++i;
      parts.code += 'x';
    } else if (source[i] == '"') {
      std::string& literal = parts.literals.emplace_back();
      for (++i; i < source.size() && source[i] != '"'; ++i) {
        if (source[i] == '\\' && i + 1 < source.size()) literal += source[i++];
        literal += source[i];
      }
      parts.code += "\"\"";
    } else {
      parts.code += source[i];
    }
  }
  return parts;
}

std::string_view word_behind(std::string_view code, std::size_t at) {
  std::size_t end = at + 1;
  while (end < code.size() && is_word_char(code[end])) ++end;
  return code.substr(at + 1, end - at - 1);
}

bool word_is_at(std::string_view code, std::size_t at, std::string_view word) {
  return code.substr(at, word.size()) == word && (at == 0 || !is_word_char(code[at - 1])) &&
         (at + word.size() == code.size() || !is_word_char(code[at + word.size()]));
}

std::optional<std::size_t> behind(std::string_view code, std::size_t at, std::string_view what) {
  at = code.find_first_not_of(" \t\r\n", at);
  if (at == std::string_view::npos || code.substr(at, what.size()) != what) return {};
  return at + what.size();
}

}  // namespace assay
