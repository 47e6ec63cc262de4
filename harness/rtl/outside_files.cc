// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/outside_files.h"

#include <algorithm>
#include <array>

namespace assay {
namespace {

/// A source apart into its code, every literal as "", and its literals.
struct Parts {
  std::string code;
  std::vector<std::string> literals;
};

Parts parts_of(std::string_view source) {
  Parts parts;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source.substr(i).starts_with("//")) {
      i = std::min(source.find('\n', i), source.size());
      parts.code += '\n';
    } else if (source.substr(i).starts_with("/*")) {
      i = std::min(source.find("*/", i + 2), source.size() - 2) + 1;
      parts.code += ' ';
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

/// Text for people may have a slash, a path of another folder has one and no blank, or begins with it.
bool is_path(const std::string& literal) {
  return literal.find('/') != std::string::npos &&
         (literal.find(' ') == std::string::npos || literal[0] == '/' || literal[0] == '.');
}

}  // namespace

std::vector<std::string> string_literals(const std::vector<sim::SourceFile>& sources) {
  std::vector<std::string> all;
  for (const sim::SourceFile& source : sources)
    for (std::string& literal : parts_of(source.text).literals) all.push_back(std::move(literal));
  return all;
}

std::string outside_read(std::string_view source) {
  constexpr std::array kTasks = {"`include", "$fopen",    "$fread",  "$fscanf",        "$fgets",
                                 "$system",  "import \"", "$value$", "$test$plusargs", "$sreadmem"};
  const Parts parts = parts_of(source);
  for (const std::string_view task : kTasks)
    if (parts.code.find(task) != std::string::npos) return std::string(task);
  const auto path = std::ranges::find_if(parts.literals, is_path);
  return path == parts.literals.end() ? "" : '"' + *path + '"';
}

bool names_memory(const std::vector<std::string>& literals, std::string_view file) {
  return std::ranges::any_of(literals, [&](const std::string& literal) {
    return !literal.empty() && (file == literal || file.starts_with(literal + "_"));
  });
}

}  // namespace assay
