// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "compile/backend/ecp5/extract.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::ecp5 {
namespace {

/// A word, quoted or not, and where it stands.
struct LpfWord {
  std::string text;
  bool quoted = false;
  int line = 0;
};

class LpfWords {
 public:
  LpfWords(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  /// The words up to the next ';'; empty at the end.
  std::vector<LpfWord> statement() {
    std::vector<LpfWord> words;
    while (skip_blanks()) {
      if (text_[at_] == ';') {
        ++at_;
        if (!words.empty()) return words;
      } else {
        words.push_back(text_[at_] == '"' ? quoted() : plain());
      }
    }
    if (!words.empty())
      user_error("{}:{}: the statement has no end: a ';' is missing", file_, words[0].line);
    return words;
  }

 private:
  /// False at the end.
  bool skip_blanks() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else if (c == '\n' || c == ' ' || c == '\t' || c == '\r')
        line_ += c == '\n' ? 1 : 0, ++at_;
      else
        return true;
    }
    return false;
  }
  LpfWord quoted() {
    const std::size_t end = text_.find('"', at_ + 1);
    if (end == std::string_view::npos) user_error("{}:{}: a '\"' is missing", file_, line_);
    LpfWord word{std::string(text_.substr(at_ + 1, end - at_ - 1)), true, line_};
    at_ = end + 1;
    return word;
  }
  LpfWord plain() {
    const std::size_t end = std::min(text_.find_first_of(" \t\r\n;\"#", at_), text_.size());
    LpfWord word{std::string(text_.substr(at_, end - at_)), false, line_};
    at_ = end;
    return word;
  }

  std::string_view text_, file_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<PortPad> read_lpf(std::string_view text, std::string_view file) {
  constexpr std::array<std::string_view, 4> kOthers{"BLOCK", "FREQUENCY", "IOBUF", "SYSCONFIG"};
  LpfWords words(text, file);
  std::vector<PortPad> result;
  for (auto statement = words.statement(); !statement.empty(); statement = words.statement()) {
    const std::string& what = statement[0].text;
    if (what == "LOCATE" && statement.size() == 5 && statement[1].text == "COMP" &&
        statement[2].quoted && statement[3].text == "SITE" && statement[4].quoted)
      result.push_back({statement[2].text, statement[4].text});
    else if (std::find(kOthers.begin(), kOthers.end(), what) == kOthers.end())
      user_error("{}:{}: the statement that starts with '{}' is not known", file, statement[0].line,
                 printable(what));
  }
  return result;
}

}  // namespace assay::ecp5
