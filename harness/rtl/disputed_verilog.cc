// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/disputed_verilog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string_view>
#include <vector>

#include "sim/model/model.h"

namespace assay {
namespace {

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
    if (!is_word_char(code[i]) || (i > 0 && is_word_char(code[i - 1]))) continue;
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
      if (word_is_at(code, i, "wire"))
        for (const std::string& name : names_in(statement(i + 4))) nets_.try_emplace(name, 0);
  }

  /// The name of one; empty where there is none.
  std::string twice() {
    for (std::size_t i = 0; i < code_.size() && twice_.empty(); ++i) {
      follow(i);
      if (word_is_at(code_, i, "wire")) add(statement(i + 4));
      if (word_is_at(code_, i, "assign")) add(statement(i + 6), is_branch(i));
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
      if (word_is_at(code_, i, word)) scope_.push_back(++scopes_);
    for (const std::string_view word :
         {"endmodule", "endgenerate", "end", "endfunction", "endtask"})
      if (word_is_at(code_, i, word) && !scope_.empty()) scope_.pop_back();
  }

  /// Whether the statement is the only one of an if, else, for or of a case.
  bool is_branch(std::size_t at) const {
    const std::size_t before = at == 0 ? at : code_.find_last_not_of(" \t\r\n", at - 1);
    if (before == std::string_view::npos) return false;
    return code_[before] == ')' || code_[before] == ':' ||
           (before >= 3 && word_is_at(code_, before - 3, "else"));
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

/// A warning that the sources turn off and that would refuse them; empty where there is none.
std::string hidden_warning(std::string_view comments) {
  if (comments.find("lint_off") == std::string_view::npos) return "";
  for (const std::string_view warning : sim::fatal_warnings())
    if (comments.find(warning) != std::string_view::npos)
      return fmt::format("a lint_off of {}", warning);
  return "";
}

std::string words_of_code(std::string_view code) {
  for (std::size_t i = 0; i < code.size(); ++i) {
    for (const std::string_view word : {"always", "always_ff"})
      if (word_is_at(code, i, word) && !waits_as_hardware(code, i + word.size()))
        return std::string(word) + " that waits for something else than edges or all that it reads";
    if ((code[i] == '/' || code[i] == '%') && !divides(code, i + 1))
      return fmt::format("a division ({}) by what may be 0", code[i]);
    for (const std::string_view word : kUnshared)
      if (word_is_at(code, i, word)) return "the word " + std::string(word);
    // Verilator 5.006 shifts zeros in.
    if (code.substr(i, 3) == ">>>" && in_connection(code, i))
      return ">>> in the connection of a port";
  }
  const std::string twice = Assignments(code).twice();
  return twice.empty() ? "" : "two assignments to " + twice;
}

}  // namespace

std::string disputed_words(const VerilogText& source) {
  std::string words = words_of_code(source.code);
  return words.empty() ? hidden_warning(source.comments) : words;
}

}  // namespace assay
