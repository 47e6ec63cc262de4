// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/outside_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
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

/// System tasks and functions that compute from their arguments or speak to people; time stands still in
/// the simulation. $readmemh and $readmemb read: which files, the program that simulates looks after
/// (sim/bench/own_files.cc).
constexpr std::array<std::string_view, 35> kKnownTasks = {
    "readmemh", "readmemb", "error",     "fatal",     "warning", "info",       "display",
    "write",    "monitor",  "strobe",    "finish",    "stop",    "clog2",      "bits",
    "signed",   "unsigned", "countones", "countbits", "onehot",  "onehot0",    "isunknown",
    "size",     "high",     "low",       "left",      "right",   "dimensions", "increment",
    "past",     "rose",     "fell",      "stable",    "cast",    "sformatf",   "typename"};

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

/// A warning that the sources turn off and that would refuse them; empty where there is none.
std::string hidden_warning(std::string_view comments) {
  if (comments.find("lint_off") == std::string_view::npos) return "";
  for (const std::string_view warning : sim::fatal_warnings())
    if (comments.find(warning) != std::string_view::npos)
      return fmt::format("a lint_off of {}", warning);
  return "";
}

/// What lies behind blanks and `what`; nothing where that is not there.
std::optional<std::size_t> behind(std::string_view code, std::size_t at, std::string_view what) {
  at = code.find_first_not_of(" \t\r\n", at);
  if (at == std::string_view::npos || code.substr(at, what.size()) != what) return {};
  return at + what.size();
}

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
      const bool inside = i > 0 && is_word(code[i - 1]);
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

bool is_at(std::string_view code, std::size_t at, std::string_view word) {
  return code.substr(at, word.size()) == word && (at == 0 || !is_word(code[at - 1])) &&
         (at + word.size() == code.size() || !is_word(code[at + word.size()]));
}

/// Whether what follows `always`, `always_ff` or their like is clocked or reads all that it uses: of another
/// list simulators wait for what stands there, and synthesisers do not.
bool waits_as_hardware(std::string_view code, std::size_t at) {
  const auto event = behind(code, at, "@");
  if (!event) return false;
  if (behind(code, *event, "*")) return true;
  auto item = behind(code, *event, "(");
  if (!item) return false;
  if (behind(code, *item, "*")) return true;
  const std::size_t close = code.find(')', *item);
  for (std::string_view list = code.substr(0, close); item;) {
    const bool edge = behind(list, *item, "posedge ") || behind(list, *item, "negedge ");
    if (!edge) return false;
    const std::size_t comma = list.find(',', *item), other = list.find(" or ", *item);
    if (comma == std::string_view::npos && other == std::string_view::npos) return true;
    item = comma < other ? comma + 1 : other + 4;
  }
  return false;
}

/// A number that is not 0, or a name as parameters have it.
bool divides(std::string_view code, std::size_t at) {
  at = code.find_first_not_of(" \t\r\n", at);
  if (at == std::string_view::npos) return false;
  const auto first = static_cast<unsigned char>(code[at]);
  return std::isupper(first) != 0 || (std::isdigit(first) != 0 && first != '0');
}

/// Whether a connection of a port, ".f(", is open there.
bool in_connection(std::string_view code, std::size_t at) {
  std::size_t begin = code.rfind(';', at);
  begin = begin == std::string_view::npos ? 0 : begin;
  for (std::size_t dot = code.find('.', begin); dot < at; dot = code.find('.', dot + 1)) {
    const std::string_view word = word_behind(code, dot);
    if (!word.empty() && behind(code, dot + 1 + word.size(), "(")) return true;
  }
  return false;
}

/// The words of a piece of code that stand in no [] (widths and selects).
std::vector<std::string> names_in(std::string_view code) {
  std::vector<std::string> names;
  int depth = 0;
  for (std::size_t i = 0; i < code.size(); ++i) {
    depth += code[i] == '[' ? 1 : code[i] == ']' ? -1 : 0;
    if (!is_word(code[i]) || (i > 0 && is_word(code[i - 1]))) continue;
    const std::string_view rest = word_behind(code, i);
    if (depth == 0) names.push_back(code[i] + std::string(rest));
  }
  return names;
}

/// The left sides of "{a, b} = x, c = y".
std::vector<std::string_view> targets_of(std::string_view statement) {
  std::vector<std::string_view> targets;
  for (std::size_t equal = statement.find('='); equal != std::string_view::npos;
       equal = statement.find('=')) {
    targets.push_back(statement.substr(0, equal));
    int depth = 0;
    std::size_t end = equal + 1;
    for (; end < statement.size() && (depth > 0 || statement[end] != ','); ++end)
      depth += std::string_view("([{").find(statement[end]) != std::string_view::npos   ? 1
               : std::string_view(")]}").find(statement[end]) != std::string_view::npos ? -1
                                                                                        : 0;
    statement = statement.substr(std::min(end + 1, statement.size()));
  }
  return targets;
}

/// Finds what has two continuous assignments. Verilator tells when drivers of variables overlap, unless
/// one is a constant; of a net (`wire`) it takes the last.
class Assignments {
 public:
  explicit Assignments(std::string_view code) : code_(code) {
    for (std::size_t i = 0; i < code.size(); ++i)
      if (is_at(code, i, "wire"))
        for (const std::string& name : names_in(statement(i + 4))) nets_.try_emplace(name, 0);
  }

  /// The name of one; empty where there is none.
  std::string twice() {
    for (std::size_t i = 0; i < code_.size() && twice_.empty(); ++i) {
      follow(i);
      if (is_at(code_, i, "wire")) add(statement(i + 4));
      if (is_at(code_, i, "assign")) add(statement(i + 6), is_branch(i));
    }
    return twice_;
  }

 private:
  using Scope = std::vector<int>;

  std::string_view statement(std::size_t at) const {
    return code_.substr(at, code_.find(';', at) - at);
  }

  /// Blocks in blocks: what is in one that is open here goes with what is here.
  void follow(std::size_t i) {
    for (const std::string_view word : {"module", "generate", "begin", "function", "task"})
      if (is_at(code_, i, word)) scope_.push_back(++scopes_);
    for (const std::string_view word :
         {"endmodule", "endgenerate", "end", "endfunction", "endtask"})
      if (is_at(code_, i, word) && !scope_.empty()) scope_.pop_back();
  }

  /// Whether the statement is the only one of an if, else, for or of a case.
  bool is_branch(std::size_t at) const {
    const std::size_t before = at == 0 ? at : code_.find_last_not_of(" \t\r\n", at - 1);
    if (before == std::string_view::npos) return false;
    return code_[before] == ')' || code_[before] == ':' ||
           (before >= 3 && is_at(code_, before - 3, "else"));
  }

  void add(std::string_view statement, bool branch = false) {
    for (const std::string_view target : targets_of(statement))
      for (const std::string& name : names_in(target)) {
        const auto net = nets_.find(name);
        if (net != nets_.end() && ++net->second > 1) twice_ = name;
        if (target.find('[') != std::string_view::npos) continue;
        Scope scope = scope_;
        if (branch) scope.push_back(++scopes_);
        for (const Scope& other : whole_[name])
          if (std::equal(
                  scope.begin(),
                  scope.begin() + static_cast<std::ptrdiff_t>(std::min(scope.size(), other.size())),
                  other.begin()))
            twice_ = name;
        whole_[name].push_back(std::move(scope));
      }
  }

  std::string_view code_;
  std::map<std::string, int> nets_;
  std::map<std::string, std::vector<Scope>> whole_;  ///< where a name is assigned, without a select
  Scope scope_;
  int scopes_ = 0;
  std::string twice_;
};

/// Nets that several drivers may share, and what only simulators do.
constexpr std::array<std::string_view, 19> kUnshared = {
    "tri",      "triand",  "trior",   "tri0",  "tri1",  "trireg",  "wand",
    "wor",      "supply0", "supply1", "inout", "force", "release", "deassign",
    "defparam", "fork",    "wait",    "casex", "bind"};

/// What simulation and synthesis are known to read differently and Verilator does not warn of.
std::string disputed(std::string_view code) {
  for (std::size_t i = 0; i < code.size(); ++i) {
    for (const std::string_view word : {"always", "always_ff"})
      if (is_at(code, i, word) && !waits_as_hardware(code, i + word.size()))
        return std::string(word) + " that waits for something else than edges or all that it reads";
    if ((code[i] == '/' || code[i] == '%') && !divides(code, i + 1))
      return fmt::format("a division ({}) by what may be 0", code[i]);
    for (const std::string_view word : kUnshared)
      if (is_at(code, i, word)) return "the word " + std::string(word);
    // Verilator 5.006 shifts zeros in.
    if (code.substr(i, 3) == ">>>" && in_connection(code, i))
      return ">>> in the connection of a port";
  }
  const std::string twice = Assignments(code).twice();
  return twice.empty() ? "" : "two assignments to " + twice;
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
  if (const std::string word = disputed(parts.code); !word.empty()) return word;
  if (const std::string word = hidden_warning(parts.comments); !word.empty()) return word;
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
