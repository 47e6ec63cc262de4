// SPDX-License-Identifier: Apache-2.0
#include "sim/proof/check.h"

#include <fmt/format.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <string_view>
#include <system_error>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/process.h"
#include "sim/proof/proof.h"

namespace assay::sim {
namespace {

using netlist::Initial;
using netlist::kOne;
using netlist::kZero;
using netlist::Net;

constexpr std::size_t kNobody = ~std::size_t{0};
constexpr const char *kDifferences = "differences-", *kZeros = "zeros-";
constexpr std::size_t kBatch = 256;  ///< registers, columns or outputs

Net next_of(const Both& both, std::size_t item) {
  return item < 2 ? static_cast<Net>(item) : both.bit(item).next;
}

std::size_t owner_of(const Both& both, std::size_t item) { return item < 2 ? 0 : both.owner(item); }

/// Of each class the member that others are compared with: a constant, else one of the second side,
/// else the first there is.
template <typename SideOf>
std::vector<std::size_t> leaders(const std::vector<std::uint32_t>& classes, std::uint32_t count,
                                 const SideOf& side_of) {
  std::vector<std::size_t> result(count, kNobody);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    std::size_t& leader = result[classes[i]];
    if (leader == kNobody || (side_of(leader) == 0 && side_of(i) == 1)) leader = i;
  }
  return result;
}

std::vector<std::size_t> item_leaders(const Both& both, const Pairing& pairing) {
  // The constants count as of the second side: they keep the lead.
  return leaders(pairing.items, pairing.item_classes,
                 [&](std::size_t i) { return i < 2 ? 1 : both.owner(i); });
}

std::vector<std::size_t> column_leaders(const Both& both, const Pairing& pairing) {
  return leaders(pairing.columns, pairing.column_classes,
                 [&](std::size_t i) { return both.side_of(i); });
}

/// Functions for ABC, as text.
struct BatchText {
  std::string differences;           ///< each is 1 where two nets differ
  std::string zeros;                 ///< as many that are 0
  std::vector<std::uint32_t> names;  ///< of v0, v1, ...: the variables that matter, as they come
};

/// Writes them. What does not depend on the rest of the pairing has the same text in every other.
class BlifWriter {
 public:
  BlifWriter(const Both& both, const Variables& variables) : both_(both), variables_(variables) {
    for (std::size_t side = 0; side < 2; ++side) {
      variable_[side].assign(both.side[side].net.nets, kNone);
      for (const auto& [net, variable] : variables.leaves(side)) variable_[side][net] = variable;
    }
  }

  BatchText write(const std::vector<Obligation>& functions) {
    text_.clear();
    names_.clear();
    local_.assign(variables_.count(), kNone);
    for (std::size_t side = 0; side < 2; ++side) {
      std::vector<bool> wanted(both_.side[side].net.nets);
      for (const Obligation& function : functions)
        for (std::size_t which = 0; which < 2; ++which)
          if (function.side[which] == side) wanted[function.net[which]] = true;
      write_tables(side, std::move(wanted));
    }
    for (std::size_t f = 0; f < functions.size(); ++f) {
      text_ += ".names";
      for (std::size_t which = 0; which < 2; ++which)
        add_net(functions[f].side[which], functions[f].net[which]);
      add(" f", f);
      text_ += "\n10 1\n01 1\n";
    }
    text_ += ".end\n";
    const std::string body = std::move(text_), start = head(functions.size());
    return {start + ".names c0\n.names c1\n1\n" + body, start + zeros(functions.size()), names_};
  }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  /// ABC wants an input.
  std::string head(std::size_t functions) {
    text_ = ".model m\n.inputs";
    for (std::uint32_t v = 0; v < std::max<std::size_t>(names_.size(), 1); ++v) add(" v", v);
    text_ += "\n.outputs";
    for (std::size_t f = 0; f < functions; ++f) add(" f", f);
    text_ += '\n';
    return std::move(text_);
  }

  std::string zeros(std::size_t functions) {
    text_.clear();
    for (std::size_t f = 0; f < functions; ++f) {
      add(".names f", f);
      text_ += '\n';
    }
    text_ += ".end\n";
    return std::move(text_);
  }

  void add(const char* prefix, std::uint64_t number) {
    std::array<char, 20> digits;  // NOLINT
    text_ += prefix;
    text_.append(digits.data(), std::to_chars(digits.begin(), digits.end(), number).ptr);
  }

  void add_variable(std::uint32_t variable) {
    std::uint32_t& local = local_[variable];
    if (local == kNone) {
      local = static_cast<std::uint32_t>(names_.size());
      names_.push_back(variable);
    }
    add(" v", local);
  }

  void add_net(std::size_t side, Net net) {
    const std::uint32_t variable = variable_[side][net];
    if (net <= kOne)
      add(" c", net);
    else if (variable == kNone)
      add(side == 0 ? " a" : " b", net);
    else if (variable == variables_.item_class(0) || variable == variables_.item_class(1))
      add(" c", variable - variables_.item_class(0));
    else
      add_variable(variable);
  }

  void write_tables(std::size_t side, std::vector<bool> wanted) {
    const Machine& machine = both_.side[side];
    for (auto step = machine.order.rbegin(); step != machine.order.rend(); ++step) {
      if (step->memory || !wanted[machine.net.luts[step->index].out]) continue;
      const netlist::Lut& lut = machine.net.luts[step->index];
      for (int i = 0; i < lut.size; ++i) wanted[lut.inputs[static_cast<std::size_t>(i)]] = true;
      write_table(side, lut);
    }
  }

  /// Its ones or its zeros, what is less; a constant has no inputs, which ABC would not read.
  void write_table(std::size_t side, const netlist::Lut& lut) {
    const int rows = 1 << lut.size, ones = std::popcount(lut.table);
    const bool constant = ones == 0 || ones == rows, value = ones <= rows / 2 && ones != 0;
    text_ += ".names";
    for (int i = 0; i < lut.size && !constant; ++i)
      add_net(side, lut.inputs[static_cast<std::size_t>(i)]);
    add_net(side, lut.out);
    text_ += constant && ones == rows ? "\n1\n" : "\n";
    for (int row = 0; row < rows && !constant; ++row) {
      if ((lut.table >> row & 1U) != (value ? 1U : 0U)) continue;
      for (int i = 0; i < lut.size; ++i) text_ += (row >> i & 1) != 0 ? '1' : '0';
      text_ += value ? " 1\n" : " 0\n";
    }
  }

  const Both& both_;
  const Variables& variables_;
  std::array<std::vector<std::uint32_t>, 2> variable_;
  std::vector<std::uint32_t> local_, names_;
  std::string text_;
};

/// Places of functions that are asked for together: those of neighbours, which share logic.
std::vector<std::vector<std::size_t>> batches(const std::vector<Obligation>& functions) {
  std::map<std::pair<Obligation::Kind, std::size_t>, std::vector<std::size_t>> by_place;
  for (std::size_t f = 0; f < functions.size(); ++f)
    by_place[{functions[f].kind, functions[f].index / kBatch}].push_back(f);
  std::vector<std::vector<std::size_t>> result;
  for (auto& [place, batch] : by_place) result.push_back(std::move(batch));
  return result;
}

std::size_t count_of(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + word.size()))
    ++count;
  return count;
}

/// What follows `word` up to the end of its line; empty without it.
std::string_view behind(std::string_view text, std::string_view word) {
  const std::size_t at = text.find(word);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + word.size());
  return text.substr(0, text.find('\n'));
}

std::optional<std::size_t> number_at(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

/// ABC said twice how many inputs and outputs it read.
bool read_whole(std::string_view output, std::size_t functions, std::size_t variables) {
  constexpr std::string_view kWord = "i/o =";
  if (count_of(output, kWord) != 2) return false;
  for (int i = 0; i < 2; ++i) {
    std::string_view line = behind(output, kWord);
    output.remove_prefix(output.find(kWord) + kWord.size());
    if (number_at(line) != variables || line.empty() || line.front() != '/') return false;
    line.remove_prefix(1);
    if (number_at(line) != functions) return false;
  }
  return true;
}

/// " v12=0 v3=1"
Pattern parse_pattern(std::string_view line) {
  Pattern result;
  while (!line.empty()) {
    if (line.front() != 'v') {
      line.remove_prefix(1);
      continue;
    }
    line.remove_prefix(1);
    const auto variable = number_at(line);
    if (!variable || line.size() < 2 || line[0] != '=') return {};
    result.emplace_back(static_cast<std::uint32_t>(*variable), line[1] == '1');
    line.remove_prefix(2);
  }
  return result;
}

Answer understand_difference(const std::string& output, std::size_t functions,
                             std::size_t variables) {
  std::string_view name = behind(output, "\nOutput f");
  const auto function = number_at(name);
  Answer answer{Answer::Kind::kDifferent, "", function.value_or(functions),
                parse_pattern(behind(output, "\nInput pattern:"))};
  const bool whole = answer.function < functions &&
                     std::all_of(answer.pattern.begin(), answer.pattern.end(),
                                 [&](const auto& entry) { return entry.first < variables; });
  if (!whole)
    return {Answer::Kind::kUnknown, "ABC found a difference and did not say where", 0, {}};
  return answer;
}

std::string differences_file(const std::string& batch) { return kDifferences + batch + ".blif"; }
std::string zeros_file(const std::string& batch) { return kZeros + batch + ".blif"; }

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

}  // namespace

std::vector<Obligation> obligations(const Both& both, const Pairing& pairing) {
  std::vector<Obligation> result;
  using Kind = Obligation::Kind;
  const auto& first = both.side[0].outputs;
  for (std::size_t i = 0; i < first.size(); ++i)
    result.push_back({Kind::kOutput, i, {0, 1}, {first[i].net, both.side[1].outputs[i].net}});
  const std::vector<std::size_t> leads = item_leaders(both, pairing);
  for (std::size_t i = 2; i < both.items(); ++i) {
    const std::size_t lead = leads[pairing.items[i]];
    if (lead != i)
      result.push_back({Kind::kNext,
                        lead < 2 ? i : lead,
                        {both.owner(i), owner_of(both, lead)},
                        {both.bit(i).next, next_of(both, lead)}});
  }
  const std::vector<std::size_t> column_leads = column_leaders(both, pairing);
  for (std::size_t i = 0; i < both.columns(); ++i) {
    const std::size_t lead = column_leads[pairing.columns[i]];
    const auto &mine = both.column(i).pins, &its = both.column(lead).pins;
    for (std::size_t p = 0; lead != i && p < mine.size(); ++p)
      result.push_back(
          {Kind::kPin, lead, {both.side_of(i), both.side_of(lead)}, {mine[p], its[p]}});
  }
  return result;
}

std::size_t predict(const Both& both, const Pairing& pairing) {
  std::size_t count = both.side[0].outputs.size() + both.items() - pairing.item_classes;
  std::vector<bool> seen(pairing.column_classes);
  for (std::size_t i = 0; i < both.columns(); ++i) {
    if (seen[pairing.columns[i]]) count += both.column(i).pins.size();
    seen[pairing.columns[i]] = true;
  }
  return count;
}

std::vector<Obligation> distinct(const std::vector<Obligation>& all) {
  std::set<std::pair<std::array<std::size_t, 2>, std::array<Net, 2>>> seen;
  std::vector<Obligation> result;
  for (const Obligation& one : all)
    if (seen.emplace(one.side, one.net).second) result.push_back(one);
  return result;
}

Answer understand(const std::string& output, std::size_t functions, std::size_t variables) {
  const std::size_t equal = count_of(output, "Networks are equivalent"),
                    differ = count_of(output, "Networks are NOT EQUIVALENT"),
                    verdicts = count_of(output, "Networks are ");
  if (!read_whole(output, functions, variables))
    return {Answer::Kind::kUnknown, "ABC did not read the functions: " + last_line(output), 0, {}};
  if (verdicts == 1 && differ == 1) return understand_difference(output, functions, variables);
  if (verdicts == 1 && equal == 1 && count_of(output, "Verification failed") == 0)
    return {Answer::Kind::kEqual, "", 0, {}};
  return {Answer::Kind::kUnknown, "ABC did not decide: " + last_line(output), 0, {}};
}

namespace {

/// Asks for one batch, whose files have this name.
Answer ask_abc(const BatchText& text, std::size_t functions, const std::filesystem::path& folder,
               const std::string& name, std::chrono::steady_clock::time_point deadline) {
  const std::string differences = differences_file(name), zeros = zeros_file(name);
  write_file(folder / differences, text.differences);
  write_file(folder / zeros, text.zeros);
  const auto left =
      std::chrono::duration_cast<std::chrono::seconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() < 1) return {Answer::Kind::kUnknown, kTimeIsOver, 0, {}};
  const std::string program = find_program("yosys-abc", "yosys").string();
  const ProcessResult result =
      run_process({program, "-c",
                   fmt::format("read_blif {0}; print_stats; read_blif {1}; print_stats; "
                               "cec -T {2} -C 1000000000 {0}",
                               zeros, differences, left.count()),
                   "-s"},  // no abc.rc, which could give its commands other meanings
                  folder, left);
  if (result.timed_out) return {Answer::Kind::kUnknown, kTimeIsOver, 0, {}};
  if (!result.ok())
    tool_error("{} failed ({}) in {}: {}", program, result.exit_code, folder.string(),
               last_line(result.output));
  return understand(result.output, functions, std::max<std::size_t>(text.names.size(), 1));
}

/// In the functions and variables of the whole question.
void globalise(Answer& answer, const std::vector<std::size_t>& batch, const BatchText& text) {
  if (answer.kind != Answer::Kind::kDifferent) return;
  answer.function = batch[answer.function];
  std::erase_if(answer.pattern,
                [&](const auto& entry) { return entry.first >= text.names.size(); });
  for (auto& [variable, value] : answer.pattern) variable = text.names[variable];
}

}  // namespace

Answers Questions::ask(const Both& both, const Pairing& pairing,
                       const std::vector<Obligation>& functions,
                       std::chrono::steady_clock::time_point deadline) {
  const Variables variables(both, pairing);
  const std::vector<std::vector<std::size_t>> parts = batches(functions);
  std::vector<Answer> answers(parts.size());
  std::vector<std::string> digests(parts.size());
  std::atomic<std::int64_t> asked = 0;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, parts.size(), 1), [&](const auto& range) {
    for (std::size_t i = range.begin(); i < range.end(); ++i) {
      std::vector<Obligation> part;
      for (const std::size_t f : parts[i]) part.push_back(functions[f]);
      const BatchText text = BlifWriter(both, variables).write(part);
      digests[i] = sha256(text.differences);
      if (equal_.contains(digests[i])) {
        answers[i].kind = Answer::Kind::kEqual;
        continue;
      }
      ++asked;
      answers[i] = ask_abc(text, part.size(), work_, std::to_string(i), deadline);
      globalise(answers[i], parts[i], text);
    }
  });
  asked_ += asked;
  Answers result;
  result.first.kind = Answer::Kind::kEqual;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (answers[i].kind == Answer::Kind::kEqual) equal_.insert(digests[i]);
    if (answers[i].kind == Answer::Kind::kDifferent) result.different.push_back(answers[i]);
    if (answers[i].kind == Answer::Kind::kUnknown) result.first = answers[i];
  }
  if (!result.different.empty()) result.first = result.different.front();
  return result;
}

Questions::Questions(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::string name = (std::filesystem::temp_directory_path() / "assay-proof-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    tool_error("no folder like '{}' can be made for a proof: {}", name, std::strerror(errno));
  work_ = name;
}

Questions::~Questions() {
  std::error_code none;
  if (keep_)
    for (const auto& entry : std::filesystem::directory_iterator(work_, none))
      std::filesystem::copy_file(entry.path(), folder_ / entry.path().filename(),
                                 std::filesystem::copy_options::overwrite_existing, none);
  std::filesystem::remove_all(work_, none);
}

void Questions::remove_files() { keep_ = false; }

std::vector<Conflict> conflicts(const Both& both, const Pairing& pairing) {
  std::vector<Conflict> result;
  const std::vector<std::size_t> leads = item_leaders(both, pairing);
  const auto wakes = [&](std::size_t i) {
    return i < 2 ? static_cast<Initial>(i) : both.bit(i).initial;
  };
  // The first side's own: what it wakes up as is given, each on its own.
  std::vector<std::size_t> unknown(pairing.item_classes, kNobody);
  for (std::size_t i = 2; i < both.items(); ++i) {
    const std::size_t lead = leads[pairing.items[i]];
    if (wakes(i) != wakes(lead)) result.push_back({false, i, lead});
    if (wakes(i) != Initial::kUnknown || both.owner(i) == 1) continue;
    std::size_t& other = unknown[pairing.items[i]];
    if (other != kNobody) result.push_back({false, i, other});
    other = i;
  }
  const std::vector<std::size_t> column_leads = column_leaders(both, pairing);
  for (std::size_t i = 0; i < both.columns(); ++i) {
    const std::size_t lead = column_leads[pairing.columns[i]];
    if (both.column(i).contents != both.column(lead).contents) result.push_back({true, i, lead});
  }
  return result;
}

}  // namespace assay::sim
