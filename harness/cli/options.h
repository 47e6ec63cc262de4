// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace assay {

/// One option of a command. The names are those of CLI11, which stands behind them in options.cc: its
/// headers cost every unit that includes them seconds.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option& required();
  Option& type_name(const std::string& name);
  Option& capture_default_str();      ///< shows the present value in --help
  Option& delimiter(char separator);  ///< of the items of a list
  Option& one_at_a_time();            ///< of a list: the option is given once for each item
  Option& in_range(std::int64_t low, std::int64_t high);
  Option& positive();
  Option& non_negative();
  Option& one_of(const std::vector<std::string>& words);
  /// `test` returns what is wrong with a value; empty: nothing.
  Option& check(const std::function<std::string(const std::string&)>& test);
  Option& excludes(const Option& other);

 private:
  CLI::Option* option_;
};

/// A command under construction; a handle that may be copied.
class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  Command add_subcommand(const std::string& name, const std::string& about);
  void require_subcommand(int count);
  /// An option, or without dashes an argument, that is read into `value`, which must outlive the
  /// command. T: int, std::int64_t, std::uint64_t, double, std::string, std::filesystem::path, a list
  /// of strings, or an optional int, std::int64_t or double.
  template <typename T>
  Option add_option(const std::string& name, T& value, const std::string& help);
  Option add_flag(const std::string& name, bool& value, const std::string& help);
  void footer(const std::string& text);
  /// Called when the command is the one that was given.
  void callback(const std::function<void()>& call);

 private:
  CLI::App* app_;
};

}  // namespace assay
