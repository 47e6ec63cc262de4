// SPDX-License-Identifier: Apache-2.0
#include "harness/cli/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <type_traits>

#include "compile/base/printable.h"

namespace assay {

namespace {

/// CLI11's own says the limits of a double, in 300 digits.
CLI::Validator number_that(bool (*holds)(double), const char* what, const char* type) {
  return {[holds, what](std::string& text) {
            double number = 0;
            const bool ok = CLI::detail::lexical_cast(text, number) && holds(number);
            return ok ? std::string() : fmt::format("'{}' is not {}", printable(text), what);
          },
          type};
}

}  // namespace

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::type_name(const std::string& name) {
  option_->type_name(name);
  return *this;
}

Option& Option::capture_default_str() {
  option_->capture_default_str();
  return *this;
}

Option& Option::delimiter(char separator) {
  option_->delimiter(separator);
  return *this;
}

Option& Option::one_at_a_time() {
  option_->allow_extra_args(false);
  return *this;
}

Option& Option::in_range(std::int64_t low, std::int64_t high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Option& Option::positive() {
  option_->check(number_that([](double n) { return n > 0; }, "above 0", "POSITIVE"));
  return *this;
}

Option& Option::non_negative() {
  option_->check(number_that([](double n) { return n >= 0; }, "0 or more", "NONNEGATIVE"));
  return *this;
}

Option& Option::one_of(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
  return *this;
}

Option& Option::check(const std::function<std::string(const std::string&)>& test) {
  option_->check(test);
  return *this;
}

Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Command Command::add_subcommand(const std::string& name, const std::string& about) {
  return Command(app_->add_subcommand(name, about));
}

void Command::require_subcommand(int count) { app_->require_subcommand(count); }

namespace {

/// What an option holds where it is given.
template <typename T>
struct Held {
  using Type = T;
};
template <typename T>
struct Held<std::optional<T>> {
  using Type = T;
};

/// Whether T, of 64 bits where it is an integer, can hold a number: CLI11 takes the nearest it can.
template <typename T>
bool fits(const std::string& text) {
  errno = 0;
  if constexpr (std::is_floating_point_v<T>)
    return std::isfinite(std::strtod(text.c_str(), nullptr));
  if constexpr (std::is_unsigned_v<T>)
    std::strtoull(text.c_str(), nullptr, 0);
  else
    std::strtoll(text.c_str(), nullptr, 0);
  return errno != ERANGE;
}

/// CLI11 takes "" for no value and "nan" for a number, of which no range is left.
template <typename T>
std::string number_fault(const std::string& text) {
  if (text.find_first_of("0123456789") == std::string::npos ||
      text.find_first_of("nNiI") != std::string::npos)
    return "'" + printable(text) + "' is no number";
  return fits<T>(text) ? "" : "'" + printable(text) + "' is more than this option can hold";
}

/// An empty text would read as an option that was not given.
std::string text_fault(const std::string& text) {
  return text.empty() ? "'' is no value; leave the option out" : "";
}

}  // namespace

template <typename T>
Option Command::add_option(const std::string& name, T& value, const std::string& help) {
  CLI::Option* option = app_->add_option(name, value, help);
  using Type = typename Held<T>::Type;
  if constexpr (std::is_arithmetic_v<Type>)
    option->check(number_fault<Type>);
  else
    option->check(text_fault);
  return Option(option);
}

Option Command::add_flag(const std::string& name, bool& value, const std::string& help) {
  return Option(app_->add_flag(name, value, help));
}

void Command::footer(const std::string& text) { app_->footer(text); }

void Command::callback(const std::function<void()>& call) { app_->callback(call); }

template Option Command::add_option(const std::string&, int&, const std::string&);
template Option Command::add_option(const std::string&, std::int64_t&, const std::string&);
template Option Command::add_option(const std::string&, std::uint64_t&, const std::string&);
template Option Command::add_option(const std::string&, double&, const std::string&);
template Option Command::add_option(const std::string&, std::string&, const std::string&);
template Option Command::add_option(const std::string&, std::filesystem::path&, const std::string&);
template Option Command::add_option(const std::string&, std::vector<std::string>&,
                                    const std::string&);
template Option Command::add_option(const std::string&, std::optional<int>&, const std::string&);
template Option Command::add_option(const std::string&, std::optional<std::int64_t>&,
                                    const std::string&);
template Option Command::add_option(const std::string&, std::optional<double>&, const std::string&);

}  // namespace assay
