// SPDX-License-Identifier: Apache-2.0
#include "harness/run/run_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "harness/report/schema.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::string shown(const fs::path& path) { return printable(path.string(), 4096); }

/// Symbolic links are refused: writing below one would leave the folder.
void make_one_folder(const fs::path& path, bool allow_link) {
  std::error_code error;
  const fs::file_status status =
      allow_link ? fs::status(path, error) : fs::symlink_status(path, error);
  if (fs::is_directory(status)) return;
  if (fs::exists(status)) user_error("'{}' is in the way: it should be a folder", shown(path));
  fs::create_directories(path, error);
  if (error) tool_error("cannot make the folder '{}': {}", shown(path), error.message());
}

int open_file(const fs::path& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (file >= 0) {
    struct stat status {};
    if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode)) return file;
    ::close(file);
    user_error("'{}' is in the way: it should be a regular file", shown(path));
  }
  if (errno == ELOOP || errno == EISDIR)
    user_error("'{}' is in the way: it should be a regular file", shown(path));
  tool_error("cannot open '{}': {}", shown(path), std::strerror(errno));
}

void refuse_foreign_folder(const fs::path& path) {
  if (fs::is_empty(path) || fs::exists(fs::symlink_status(path / ".assay-lock"))) return;
  user_error(
      "the folder '{}' is not empty and was not made by a run; give a new or an empty folder as "
      "--out",
      shown(path));
}

/// A full disk may have cut off the last line.
void end_last_line(int log, const fs::path& path) {
  const off_t size = ::lseek(log, 0, SEEK_END);
  char last = '\n';
  if (size > 0 && ::pread(log, &last, 1, size - 1) == 1 && last != '\n' &&
      ::write(log, "\n", 1) != 1)
    tool_error("cannot write '{}': {}", shown(path), std::strerror(errno));
}

}  // namespace

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

WorkFolder::WorkFolder(fs::path path) : path_(std::move(path)) {
  make_one_folder(path_, true);
  refuse_foreign_folder(path_);
  lock_ = open_file(path_ / ".assay-lock", O_RDWR);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    ::close(lock_);
    if (reason != EWOULDBLOCK)
      tool_error("cannot lock '{}': {}", shown(path_), std::strerror(reason));
    user_error(
        "another assay is working in '{}' (it holds the lock there); wait for it, or use another "
        "folder",
        shown(path_));
  }
  try {
    log_ = open_file(path_ / "log.jsonl", O_RDWR | O_APPEND);
    end_last_line(log_, path_ / "log.jsonl");
  } catch (...) {
    if (log_ >= 0) ::close(log_);
    ::close(lock_);
    throw;
  }
}

WorkFolder::~WorkFolder() {
  ::close(log_);
  ::close(lock_);
}

RunDir::RunDir(fs::path path) : WorkFolder(std::move(path)) {
  for (const char* folder : {"stages", "reports"}) make_folder(folder);
  for (const char* folder : {"stages", "reports", "rtl", "build/results"})
    remove_half_written(folder);
  for (const fs::path& stray : files("."))
    if (stray.extension() == ".tmp") fs::remove(stray);
  // Simulations that were cut off.
  if (owns_folder("build/runs")) {
    std::error_code ignored;
    fs::remove_all(file("build/runs"), ignored);
  }
}

/// Links are refused by whoever uses them, and lead to what is nobody's to clear.
bool WorkFolder::owns_folder(std::string_view relative) const {
  fs::path path = path_;
  for (const fs::path& part : fs::path(relative))
    if (!fs::is_directory(fs::symlink_status(path /= part))) return false;
  return true;
}

void WorkFolder::remove_half_written(std::string_view relative) const {
  if (!owns_folder(relative)) return;
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(file(relative)))
    if (entry.path().extension() == ".tmp" && fs::is_regular_file(entry.symlink_status()))
      found.push_back(entry.path());
  for (const fs::path& path : found) fs::remove(path);
}

void WorkFolder::make_folder(std::string_view relative) const {
  fs::path path = path_;
  for (const fs::path& part : fs::path(relative)) make_one_folder(path /= part, false);
}

fs::path WorkFolder::fresh_folder(std::string_view relative) const {
  if (owns_folder(relative)) fs::remove_all(file(relative));
  make_folder(relative);
  return file(relative);
}

void WorkFolder::write(std::string_view relative, std::string_view bytes) const {
  write_file(file(relative), bytes);
}

void WorkFolder::write_report(std::string_view relative, const AnyRecord& report) const {
  write(relative, json_text(checked_report(to_json(report))));
}

void WorkFolder::remove(std::string_view relative) const {
  std::error_code error;
  fs::remove(file(relative), error);
  if (error) tool_error("cannot remove '{}': {}", shown(file(relative)), error.message());
}

std::vector<fs::path> WorkFolder::files(std::string_view folder) const {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(file(folder)))
    if (entry.is_regular_file()) found.push_back(entry.path());
  return found;
}

void WorkFolder::log(std::string_view event, const Json& details) const {
  Json line = {{"time", utc_now()}, {"event", event}};
  line.update(details);
  const std::string text = json_line(line);
  const ssize_t written = ::write(log_, text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()))
    tool_error("cannot write '{}': {}", shown(file("log.jsonl")),
               written < 0 ? std::strerror(errno) : "the disk is full");
}

}  // namespace assay
