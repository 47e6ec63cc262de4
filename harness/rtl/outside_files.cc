// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/outside_files.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace assay {
namespace {

/// A source apart into its code, every literal as "" and every escaped identifier as x, its literals as
/// they are written, and its comments.
struct Parts {
  std::string code, comments;
  std::vector<std::string> literals;
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

Parts parts_of(std::string_view source) {
  Parts parts;
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

/// Text for people may have a slash, a path of another folder has one and no blank, or begins with it.
bool is_path(const std::string& literal) {
  return literal.find('/') != std::string::npos &&
         (literal.find(' ') == std::string::npos || literal[0] == '/' || literal[0] == '.');
}

/// Characters by their numbers ("\057"), which no text for people needs.
bool has_numbers(const std::string& literal) {
  constexpr std::string_view kPlain = "nt\\\"";
  for (std::size_t i = 0; i + 1 < literal.size(); ++i)
    if (literal[i] == '\\' && kPlain.find(literal[++i]) == std::string_view::npos) return true;
  return false;
}

/// System tasks and functions that compute from their arguments or speak to people. $readmemh and
/// $readmemb read: which files, the program that simulates looks after (sim/bench/own_files.cc).
constexpr std::array<std::string_view, 38> kKnownTasks = {
    "readmemh", "readmemb",   "error",     "fatal",  "warning",  "info",      "display",
    "write",    "monitor",    "strobe",    "finish", "stop",     "time",      "stime",
    "realtime", "clog2",      "bits",      "signed", "unsigned", "countones", "countbits",
    "onehot",   "onehot0",    "isunknown", "size",   "high",     "low",       "left",
    "right",    "dimensions", "increment", "past",   "rose",     "fell",      "stable",
    "cast",     "sformatf",   "typename"};

/// What follows a character up to the end of its word.
std::string_view word_behind(std::string_view code, std::size_t at) {
  std::size_t end = at + 1;
  while (end < code.size() && is_word(code[end])) ++end;
  return code.substr(at + 1, end - at - 1);
}

/// Whether a word stands in front of a literal: import "DPI-C".
bool before_literal(std::string_view code, std::size_t at, std::string_view word) {
  if (code.substr(at, word.size()) != word || (at > 0 && is_word(code[at - 1]))) return false;
  at = code.find_first_not_of(" \t\r\n", at + word.size());
  return at != std::string_view::npos && code[at] == '"';
}

/// Directives that change nothing that is simulated or synthesised. What macros and conditions hide from
/// one tool and show to another is seen by nobody.
constexpr std::array<std::string_view, 6> kKnownDirectives = {
    "timescale", "default_nettype", "resetall", "celldefine", "endcelldefine", "line"};

/// What synthesis makes something else of than simulation.
constexpr std::array<std::string_view, 6> kSynthesisWords = {"translate_off", "translate_on",
                                                             "synthesis_off", "synthesis off",
                                                             "full_case",     "parallel_case"};

/// What lies behind blanks and `what`; nothing where that is not there.
std::optional<std::size_t> behind(std::string_view code, std::size_t at, std::string_view what) {
  at = code.find_first_not_of(" \t\r\n", at);
  if (at == std::string_view::npos || code.substr(at, what.size()) != what) return {};
  return at + what.size();
}

std::optional<std::size_t> behind_attribute(std::string_view code, std::size_t at) {
  const auto open = behind(code, at, "(*");
  if (!open) return {};
  const std::size_t close = code.find("*)", *open);
  if (close == std::string_view::npos) return {};
  return close + 2;
}

/// Where a choice between an attribute for Yosys and one for others ends that begins here; nothing
/// where none does.
std::optional<std::size_t> behind_choice(std::string_view code, std::size_t at) {
  auto end = behind(code, at, "`ifdef YOSYS");
  if (end) end = behind_attribute(code, *end);
  if (end) end = behind(code, *end, "`else");
  if (end) end = behind_attribute(code, *end);
  return end ? behind(code, *end, "`endif") : end;
}

/// A directive or task that is not known to stay within the sources; empty where there is none.
std::string foreign_word(std::string_view code) {
  for (std::size_t i = 0; i < code.size(); ++i) {
    for (const std::string_view word : {"import", "export"})
      if (before_literal(code, i, word)) return std::string(word) + " of another language";
    if (code[i] == '`') {
      if (const auto end = behind_choice(code, i)) {
        i = *end - 1;
        continue;
      }
      const std::string_view word = word_behind(code, i);
      if (std::ranges::find(kKnownDirectives, word) == kKnownDirectives.end())
        return std::string(code.substr(i, 1 + std::max<std::size_t>(word.size(), 1)));
    }
    if (code[i] == '$' && (i == 0 || !is_word(code[i - 1]))) {
      const std::string_view word = word_behind(code, i);
      if (!word.empty() && std::ranges::find(kKnownTasks, word) == kKnownTasks.end())
        return "$" + std::string(word);
    }
  }
  return "";
}

}  // namespace

std::vector<std::string> string_literals(const std::vector<sim::SourceFile>& sources) {
  std::vector<std::string> all;
  for (const sim::SourceFile& source : sources)
    for (std::string& literal : parts_of(source.text).literals) all.push_back(std::move(literal));
  return all;
}

std::string outside_read(std::string_view source) {
  const Parts parts = parts_of(source);
  if (const std::string word = foreign_word(parts.code); !word.empty()) return word;
  for (const std::string_view word : kSynthesisWords)
    if (parts.comments.find(word) != std::string::npos ||
        parts.code.find(word) != std::string::npos)
      return std::string(word);
  const auto bad = std::ranges::find_if(parts.literals, [](const std::string& literal) {
    return is_path(literal) || has_numbers(literal);
  });
  return bad == parts.literals.end() ? "" : '"' + *bad + '"';
}

bool names_memory(const std::vector<std::string>& literals, std::string_view file) {
  return std::ranges::any_of(literals, [&](const std::string& literal) {
    return !literal.empty() &&
           (file == literal || file == literal + ".hex" || file.starts_with(literal + "_"));
  });
}

}  // namespace assay
