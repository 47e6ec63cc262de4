// SPDX-License-Identifier: Apache-2.0
#include "harness/report/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace assay {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kLogLine = std::chrono::seconds(10);
constexpr int kBarWidth = 30;

std::string bar(std::int64_t done, std::int64_t total) {
  const std::int64_t filled =
      total > 0 ? std::clamp<std::int64_t>(done * kBarWidth / total, 0, kBarWidth) : 0;
  return std::string(static_cast<std::size_t>(filled), '#') +
         std::string(static_cast<std::size_t>(kBarWidth - filled), '.');
}

/// Digits with at most a unit behind them.
bool looks_numeric(const std::string& text) {
  const auto letters = std::ranges::count_if(
      text, [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
  return text == "-" ||
         (!text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) != 0 && letters <= 1);
}

}  // namespace

void Console::remark(std::string_view line) const {
  if (!quiet) err << line << '\n' << std::flush;
}

Progress::Progress(const Console& console, std::string label, std::int64_t total)
    : console_(console),
      label_(std::move(label)),
      total_(total),
      start_(Clock::now()),
      shown_(start_) {}

Progress::~Progress() {
  if (console_.terminal && !console_.quiet && !finished_) console_.err << "\r\033[K" << std::flush;
}

void Progress::tick(std::int64_t steps) {
  const std::lock_guard lock(mutex_);
  done_ += steps;
  show(Clock::now(), done_ >= total_);
}

void Progress::set(std::int64_t done, std::int64_t total) {
  const std::lock_guard lock(mutex_);
  done_ = done;
  total_ = total;
  show(Clock::now(), total > 0 && done >= total);
}

void Progress::show(Clock::time_point now, bool last) {
  if (console_.quiet || finished_) return;
  if (!last &&
      now - shown_ < (console_.terminal ? Clock::duration(kRedraw) : Clock::duration(kLogLine)))
    return;
  shown_ = now;
  finished_ = last;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  if (!console_.terminal) {
    console_.err << fmt::format("{}: {} of {}, {:.1f} s\n", label_, done_, total_, seconds);
  } else if (last) {
    console_.err << fmt::format("\r\033[K{}: {} in {:.1f} s\n", label_, done_, seconds);
  } else {
    console_.err << fmt::format("\r\033[K{} [{}] {}/{}", label_, bar(done_, total_), done_, total_);
  }
  console_.err << std::flush;
}

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool right = i > 0 && looks_numeric(row[i]);
      line += right ? fmt::format("{:>{}}", row[i], widths[i])
                    : fmt::format("{:<{}}", row[i], widths[i]);
      if (i + 1 < row.size()) line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string grouped(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t sign = value < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > sign + 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

}  // namespace assay
