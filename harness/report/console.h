// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Where a command writes. Results go to `out`; progress and remarks go to `err`, as a bar that
/// redraws itself when `terminal`, as plain lines otherwise, and not at all when `quiet`.
struct Console {
  std::ostream& out;
  std::ostream& err;
  bool terminal = false;
  bool quiet = false;

  /// One line on `err`.
  void remark(std::string_view line) const;
};

/// Shows how far a loop has come. tick() may be called from many threads. On a log it prints a line
/// every ten seconds and one at the end. Destroyed early, it leaves a clean line.
class Progress {
 public:
  Progress(const Console& console, std::string label, std::int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void tick(std::int64_t steps = 1);
  /// Progress whose total becomes known on the way, in any unit.
  void set(std::int64_t done, std::int64_t total);

 private:
  using Clock = std::chrono::steady_clock;
  void show(Clock::time_point now, bool last);

  const Console& console_;
  std::string label_;
  std::mutex mutex_;
  std::int64_t done_ = 0, total_;
  Clock::time_point start_, shown_;
  bool finished_ = false;
};

/// Rows of equal length as columns of equal width, two spaces apart; numbers to the right, except
/// in the first column.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

/// 1234567 as "1,234,567".
std::string grouped(std::int64_t value);
/// A share of one as "84.50 %".
std::string percent(double share);

}  // namespace assay
