// SPDX-License-Identifier: Apache-2.0
#include "mutants/mutator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "compile/base/hash.h"

namespace assay {
namespace {

using Swap = std::pair<std::string_view, std::string_view>;

/// Binary operators, between blanks.
constexpr std::array kOperators = {
    Swap{"&&", "||"}, Swap{"||", "&&"}, Swap{"==", "!="}, Swap{"!=", "=="}, Swap{"<", "<="},
    Swap{"<=", "<"},  Swap{">", ">="},  Swap{">=", ">"},  Swap{"+", "-"},   Swap{"-", "+"},
    Swap{"*", "+"},   Swap{"/", "*"},   Swap{"%", "/"},   Swap{"<<", ">>"}, Swap{">>", "<<"},
    Swap{"&", "|"},   Swap{"|", "&"},   Swap{"+=", "-="}, Swap{"-=", "+="},
};
/// Whole words.
constexpr std::array kWords = {
    Swap{"true", "false"}, Swap{"false", "true"},     Swap{"min", "max"},
    Swap{"max", "min"},    Swap{"any_of", "all_of"},  Swap{"all_of", "any_of"},
    Swap{"floor", "ceil"}, Swap{"break", "continue"},
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Goes over a source, past everything that is no code.
class Reader {
 public:
  explicit Reader(std::string_view source) : source_(source) {}

  std::vector<Mutation> all() {
    while (at_ < source_.size()) {
      if (skip_text()) continue;
      if (is_word(source_[at_]))
        word();
      else
        sign();
    }
    return std::move(found_);
  }

 private:
  bool starts(std::string_view text) const { return source_.substr(at_).starts_with(text); }

  /// Past the next `end` behind `from`.
  bool skip_to(std::string_view end, std::size_t from) {
    const std::size_t place = source_.find(end, from);
    at_ = place == std::string_view::npos ? source_.size() : place + end.size();
    return true;
  }

  /// Past a comment, a literal of characters or a preprocessor line that begins here.
  bool skip_text() {
    if (starts("//")) return skip_to("\n", at_);
    if (starts("/*")) return skip_to("*/", at_ + 2);
    if (starts("R\"")) return skip_raw();
    if (source_[at_] == '#') return skip_to("\n", at_);
    if (source_[at_] == '"' || source_[at_] == '\'') return skip_quoted(source_[at_]);
    return false;
  }

  bool skip_raw() {
    const std::size_t open = source_.find('(', at_);
    if (open == std::string_view::npos) return skip_to("\n", at_);
    return skip_to(fmt::format("){}\"", source_.substr(at_ + 2, open - at_ - 2)), open);
  }

  bool skip_quoted(char quote) {
    for (++at_; at_ < source_.size() && source_[at_] != quote; ++at_)
      if (source_[at_] == '\\') ++at_;
    at_ = std::min(at_ + 1, source_.size());
    return true;
  }

  /// A name or a number. A number with digit separators, a suffix or a point is left alone.
  void word() {
    const std::size_t start = at_;
    while (at_ < source_.size() && (is_word(source_[at_]) || source_[at_] == '\'')) ++at_;
    const std::string_view text = source_.substr(start, at_ - start);
    for (const auto& [from, to] : kWords)
      if (text == from) found_.push_back({start, text, to});
    const bool whole =
        std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    const bool point =
        (start > 0 && source_[start - 1] == '.') || (at_ < source_.size() && source_[at_] == '.');
    if (whole && !point && text.size() < 10) found_.push_back({start, text, {}, true});
  }

  void sign() {
    if (source_[at_] == ' ')
      for (const auto& [from, to] : kOperators) {
        const std::string_view rest = source_.substr(at_ + 1);
        if (rest.starts_with(from) && rest.size() > from.size() &&
            (rest[from.size()] == ' ' || rest[from.size()] == '\n'))
          found_.push_back({at_ + 1, rest.substr(0, from.size()), to});
      }
    // "!x", not "!=": the negation is lost.
    if (source_[at_] == '!' && at_ + 1 < source_.size() && source_[at_ + 1] != '=')
      found_.push_back({at_, source_.substr(at_, 1), {}});
    ++at_;
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::vector<Mutation> found_;
};

std::string replacement(const Mutation& mutation) {
  if (mutation.next_number) return std::to_string(std::stoll(std::string(mutation.from)) + 1);
  return std::string(mutation.to);
}

}  // namespace

std::string Mutation::text(std::string_view file, std::string_view source) const {
  const auto line =
      std::count(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(offset), '\n') + 1;
  const std::string now = replacement(*this);
  return fmt::format("{}:{}: {} to {}", file, line, from, now.empty() ? "nothing" : now);
}

std::vector<Mutation> mutations(std::string_view source) { return Reader(source).all(); }

std::string mutated(std::string_view source, const Mutation& mutation) {
  std::string result(source.substr(0, mutation.offset));
  result += replacement(mutation);
  result += source.substr(mutation.offset + mutation.from.size());
  return result;
}

std::vector<Place> drawn(std::vector<Place> places, std::uint64_t seed) {
  std::vector<std::pair<std::string, Place>> ranked;
  for (Place& place : places) {
    std::string rank = sha256(fmt::format("{}\n{}\n{}", seed, place.file, place.number));
    ranked.emplace_back(std::move(rank), std::move(place));
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < ranked.size(); ++i) places[i] = std::move(ranked[i].second);
  return places;
}

}  // namespace assay
