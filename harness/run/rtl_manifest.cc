// SPDX-License-Identifier: Apache-2.0
#include "harness/run/rtl_manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/report/rtl.h"
#include "harness/report/schema.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using Level = report::RtlManifest::Level;

constexpr std::string_view kNode = "rtl-node", kTop = "rtl-top";

std::string hash_of(const fs::directory_entry& entry) {
  const fs::file_status status = entry.symlink_status();
  if (fs::is_symlink(status)) return "link";
  return fs::is_regular_file(status) ? sha256(read_file(entry.path())) : "device";
}

RtlHashes by_path(const std::vector<report::File>& files) {
  RtlHashes result;
  for (const report::File& file : files) result[file.file] = file.sha256;
  return result;
}

std::vector<report::File> list_of(const RtlHashes& files) {
  std::vector<report::File> list;
  for (const auto& [path, hash] : files) list.push_back({path, hash});
  return list;
}

const std::string* find(const RtlHashes& files, const std::string& path) {
  const auto it = files.find(path);
  return it == files.end() ? nullptr : &it->second;
}

void add_names(std::string& text, std::string_view what, const std::vector<std::string>& paths) {
  constexpr std::size_t kShown = 8;
  if (paths.empty()) return;
  text += fmt::format("{}{}:", text.empty() ? "" : "; ", what);
  for (std::size_t i = 0; i < std::min(paths.size(), kShown); ++i)
    text += (i == 0 ? " " : ", ") + printable(paths[i], 4096);
  if (paths.size() > kShown) text += fmt::format(" and {} more", paths.size() - kShown);
}

/// Whether the report on a level says of this RTL what the manifest says; one of them alone proves
/// nothing.
template <typename Report>
bool report_agrees(const fs::path& dir, std::string_view level, const report::RtlFiles& rtl) {
  const std::string name = fmt::format("reports/{}.json", level);
  try {
    const report::RtlHead head = read_report<Report>(read_file(dir / name), name).head;
    return head.verdict == Verdict::kEquivalent && head.rtl == rtl && head.predicted > 0 &&
           head.compared == head.predicted && head.differing == 0;
  } catch (const UserError&) {  // missing or damaged
    return false;
  }
}

/// Whether these very files were found EQUIVALENT as they lie.
bool proved_as_is(const fs::path& dir, const Level& level, const RtlHashes& files) {
  if (!level.carried || !level.carried->rtl.as_is || level.carried->rtl.sha256 != rtl_sha256(files))
    return false;
  return level.carried->verdict == Verdict::kEquivalent &&
         (level.level == kTop
              ? report_agrees<report::RtlTop>(dir, level.level, level.carried->rtl)
              : report_agrees<report::RtlNode>(dir, level.level, level.carried->rtl));
}

/// Removes a file and the folders below rtl/ that are empty then.
void remove_file(const RunDir& dir, const std::string& path) {
  dir.remove(path);
  std::error_code stop;
  for (fs::path up = fs::path(path).parent_path(); up != "rtl" && !stop; up = up.parent_path())
    fs::remove(dir.file(up.string()), stop);
}

}  // namespace

std::string_view rtl_level_of(std::string_view path) {
  constexpr std::string_view kFolder = "rtl/top";
  if (!path.starts_with(kFolder)) return kNode;
  path.remove_prefix(kFolder.size());
  if (path.starts_with("_")) {
    const std::size_t end = path.find_first_not_of("0123456789", 1);
    if (end == 1) return kNode;
    path.remove_prefix(std::min(end, path.size()));
  }
  return path.starts_with("/") ? kTop : kNode;
}

RtlHashes rtl_files(const fs::path& dir, std::string_view level) {
  RtlHashes result;
  if (!fs::is_directory(fs::symlink_status(dir / "rtl"))) return result;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(dir / "rtl")) {
    const std::string path = entry.path().lexically_relative(dir).string();
    if (path == kRtlManifest || fs::is_directory(entry.symlink_status())) continue;
    if (rtl_level_of(path) == level) result[path] = hash_of(entry);
  }
  return result;
}

std::string rtl_sha256(const RtlHashes& files) {
  std::string text;
  for (const auto& [path, hash] : files) text += fmt::format("{}  {}\n", hash, path);
  return sha256(text);
}

report::RtlManifest read_rtl_manifest(const fs::path& dir) {
  const fs::path file = dir / kRtlManifest;
  if (!fs::exists(fs::symlink_status(file))) return {};
  try {
    return read_report<report::RtlManifest>(read_file(file), kRtlManifest);
  } catch (const UserError& error) {
    user_error(
        "{}, so nobody can say which RTL was generated; put generated RTL in its place with 'assay "
        "verify {} --regenerate'",
        error.what(), printable(dir.string(), 4096));
  }
}

Level* find_level(report::RtlManifest& manifest, std::string_view level) {
  const auto it = std::ranges::find(manifest.levels, level, &Level::level);
  return it == manifest.levels.end() ? nullptr : &*it;
}

std::vector<std::string> RtlEdits::all() const {
  std::vector<std::string> paths = edited;
  paths.insert(paths.end(), added.begin(), added.end());
  paths.insert(paths.end(), missing.begin(), missing.end());
  std::ranges::sort(paths);
  return paths;
}

std::string RtlEdits::text() const {
  std::string text;
  add_names(text, "edited", edited);
  add_names(text, "added", added);
  add_names(text, "missing", missing);
  return text;
}

RtlEdits rtl_edits(const Level* generated, const RtlHashes& files) {
  const bool writing = generated && generated->before;
  const RtlHashes after = generated ? by_path(generated->files) : RtlHashes(),
                  before = writing ? by_path(*generated->before) : RtlHashes();
  RtlEdits edits;
  for (const auto& [path, hash] : files) {
    const std::string *now = find(after, path), *then = find(before, path);
    if (!now && !then)
      edits.added.push_back(path);
    else if (!(now && *now == hash) && !(then && *then == hash))
      edits.edited.push_back(path);
  }
  // While files are being written, those of only one side may be there or not.
  for (const auto& [path, hash] : after)
    if (!files.contains(path) && (!writing || before.contains(path))) edits.missing.push_back(path);
  return edits;
}

void refuse_edits(const fs::path& dir, std::string_view level, const RtlEdits& edits) {
  user_error(
      "the RTL is not as it was generated ({}); verify it as it is with 'assay verify {} --level "
      "{} "
      "--as-is', or put generated RTL in its place with --regenerate",
      edits.text(), printable(dir.string(), 4096), level);
}

void require_unedited_rtl(const fs::path& dir, report::RtlManifest& manifest,
                          std::string_view level) {
  const Level* generated = find_level(manifest, level);
  const RtlHashes files = rtl_files(dir, level);
  const RtlEdits edits = rtl_edits(generated, files);
  if (edits.none()) return;
  if (!generated || !proved_as_is(dir, *generated, files)) refuse_edits(dir, level, edits);
}

void require_unedited_rtl(const fs::path& dir) {
  report::RtlManifest manifest = read_rtl_manifest(dir);
  for (const std::string_view level : {kNode, kTop}) require_unedited_rtl(dir, manifest, level);
}

void remove_stale_rtl(const RunDir& dir, const std::string& stage_sha256) {
  report::RtlManifest manifest;
  try {
    manifest = read_rtl_manifest(dir.path());
  } catch (const UserError&) {
    return;  // whoever reads RTL refuses it
  }
  const auto is_stale = [&](const Level& level) {
    return level.stage_sha256 != stage_sha256 &&
           rtl_edits(&level, rtl_files(dir.path(), level.level)).none();
  };
  std::vector<std::string> stale;
  for (Level& level : manifest.levels) {
    if (!is_stale(level)) continue;
    stale.push_back(level.level);
    // If this process dies now, what is left of the files is still known.
    level.before = list_of(rtl_files(dir.path(), level.level));
    level.files.clear();
    level.carried.reset();
  }
  if (stale.empty()) return;
  dir.write_report(kRtlManifest, manifest);
  for (const std::string& level : stale) {
    for (const auto& [path, hash] : rtl_files(dir.path(), level)) remove_file(dir, path);
    dir.remove("reports/" + level + ".json");
  }
  std::erase_if(manifest.levels, [&](const Level& level) {
    return std::ranges::find(stale, level.level) != stale.end();
  });
  if (manifest.levels.empty())
    dir.remove(kRtlManifest);
  else
    dir.write_report(kRtlManifest, manifest);
}

}  // namespace assay
