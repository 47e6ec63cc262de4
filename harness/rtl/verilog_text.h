// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Verilog as text, for questions that need no parser.
namespace assay {

/// A source apart into its code, every literal as "" and every escaped identifier as x, its literals as
/// they are written, and its comments.
struct VerilogText {
  std::string code, comments;
  std::vector<std::string> literals;
};
VerilogText verilog_text(std::string_view source);

/// Whether it may be part of an identifier; $ is none here.
bool is_word_char(char c);
/// What follows a character up to the end of its word.
std::string_view word_behind(std::string_view code, std::size_t at);
/// Whether a whole word stands there.
bool word_is_at(std::string_view code, std::size_t at, std::string_view word);
/// What lies behind blanks and `what`; nothing where that is not there.
std::optional<std::size_t> behind(std::string_view code, std::size_t at, std::string_view what);

}  // namespace assay
