// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/outside_files.h"

#include <algorithm>
#include <array>
#include <optional>

#include "harness/rtl/disputed_verilog.h"
#include "harness/rtl/verilog_text.h"

namespace assay {
namespace {

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

/// System tasks and functions that compute from their arguments or speak to people; time stands still in
/// the simulation. $readmemh and $readmemb read: which files, the program that simulates looks after
/// (sim/bench/own_files.cc).
constexpr std::array<std::string_view, 35> kKnownTasks = {
    "readmemh", "readmemb", "error",     "fatal",     "warning", "info",       "display",
    "write",    "monitor",  "strobe",    "finish",    "stop",    "clog2",      "bits",
    "signed",   "unsigned", "countones", "countbits", "onehot",  "onehot0",    "isunknown",
    "size",     "high",     "low",       "left",      "right",   "dimensions", "increment",
    "past",     "rose",     "fell",      "stable",    "cast",    "sformatf",   "typename"};

/// Whether a word stands in front of a literal: import "DPI-C".
bool before_literal(std::string_view code, std::size_t at, std::string_view word) {
  if (code.substr(at, word.size()) != word || (at > 0 && is_word_char(code[at - 1]))) return false;
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

/// Attributes of this library: which memories and multipliers a synthesiser takes. Others have it make
/// something else of what they stand at.
constexpr std::array<std::string_view, 5> kKnownAttributes = {"lut_rom", "lut_ram", "ram_style",
                                                              "rom_style", "use_dsp"};

/// Where a list of known attributes and their values ends that begins there; nothing where none does.
std::optional<std::size_t> behind_attribute(std::string_view code, std::size_t at) {
  auto end = behind(code, at, "(*");
  while (end) {
    const std::size_t from = code.find_first_not_of(" \t\r\n", *end);
    if (from == std::string_view::npos) return {};
    const std::string_view name = word_behind(code, from - 1);
    if (std::ranges::find(kKnownAttributes, name) == kKnownAttributes.end()) return {};
    end = from + name.size();
    if (const auto value = behind(code, *end, "=")) end = behind(code, *value, "\"\"");
    if (!end) return {};
    if (const auto close = behind(code, *end, "*)")) return close;
    end = behind(code, *end, ",");
  }
  return {};
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
    if (code[i] == '$') {  // also behind a number, "#0$f", which is no part of the word
      const std::string_view word = word_behind(code, i);
      const bool inside = i > 0 && is_word_char(code[i - 1]);
      if (inside || (!word.empty() && std::ranges::find(kKnownTasks, word) == kKnownTasks.end()))
        return "$" + std::string(word);
    }
    if (code.substr(i, 2) == "(*" && !behind(code, i + 2, ")")) {  // that is @(*)
      const auto end = behind_attribute(code, i);
      if (!end) return "an attribute that this library does not have";
      i = *end - 1;
    }
  }
  return "";
}

}  // namespace

std::vector<std::string> string_literals(const std::vector<sim::SourceFile>& sources) {
  std::vector<std::string> all;
  for (const sim::SourceFile& source : sources)
    for (std::string& literal : verilog_text(source.text).literals)
      all.push_back(std::move(literal));
  return all;
}

std::string outside_read(std::string_view source) {
  const VerilogText parts = verilog_text(source);
  if (const std::string word = foreign_word(parts.code); !word.empty()) return word;
  if (const std::string words = disputed_words(parts); !words.empty()) return words;
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
