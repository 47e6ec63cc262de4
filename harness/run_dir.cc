// SPDX-License-Identifier: Apache-2.0
#include "harness/run_dir.h"

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
#include "harness/schema.h"

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

/// What a killed run left of a file that it was writing.
void remove_half_written(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".tmp" && fs::is_regular_file(entry.symlink_status()))
      fs::remove(entry.path());
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

RunDir::RunDir(fs::path path) : path_(std::move(path)) {
  make_one_folder(path_, true);
  refuse_foreign_folder(path_);
  lock_ = open_file(path_ / ".assay-lock", O_RDWR);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    ::close(lock_);
    if (reason != EWOULDBLOCK)
      tool_error("cannot lock '{}': {}", shown(path_), std::strerror(reason));
    user_error("another run is working in '{}'; wait for it, or give another folder as --out",
               shown(path_));
  }
  try {
    make_folder("stages");
    make_folder("reports");
    for (const char* folder : {"stages", "reports"}) remove_half_written(path_ / folder);
    log_ = open_file(path_ / "log.jsonl", O_WRONLY | O_APPEND);
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

RunDir::~RunDir() {
  ::close(log_);
  ::close(lock_);
}

void RunDir::make_folder(std::string_view relative) const {
  fs::path path = path_;
  for (const fs::path& part : fs::path(relative)) make_one_folder(path /= part, false);
}

void RunDir::write(std::string_view relative, std::string_view bytes) const {
  write_file(file(relative), bytes);
}

void RunDir::write_report(std::string_view relative, const Json& report) const {
  write(relative, json_text(checked_report(report)));
}

void RunDir::remove(std::string_view relative) const {
  std::error_code error;
  fs::remove(file(relative), error);
  if (error) tool_error("cannot remove '{}': {}", shown(file(relative)), error.message());
}

std::vector<fs::path> RunDir::files(std::string_view folder) const {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(file(folder)))
    if (entry.is_regular_file()) found.push_back(entry.path());
  return found;
}

void RunDir::log(std::string_view event, const Json& details) const {
  Json line = {{"time", utc_now()}, {"event", event}};
  line.update(details);
  const std::string text = json_line(line);
  const ssize_t written = ::write(log_, text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()))
    tool_error("cannot write '{}': {}", shown(file("log.jsonl")),
               written < 0 ? std::strerror(errno) : "the disk is full");
}

}  // namespace assay
