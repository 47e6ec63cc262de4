// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/rtl_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/rtl/outside_files.h"
#include "harness/run/identity.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using Level = report::RtlManifest::Level;

bool is_source(std::string_view path) {
  return std::ranges::any_of(std::initializer_list<std::string_view>{".sv", ".v", ".svh", ".vh"},
                             [&](std::string_view ending) { return path.ends_with(ending); });
}

bool lies_in(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && path.substr(folder.size()).starts_with("/");
}

std::vector<report::File> list_of(const RtlHashes& files) {
  std::vector<report::File> list;
  for (const auto& [path, hash] : files) list.push_back({path, hash});
  return list;
}

/// The manifest as far as it can be read; with --regenerate whatever is there is replaced.
report::RtlManifest manifest_for(const fs::path& dir, bool regenerate) {
  try {
    return read_rtl_manifest(dir);
  } catch (const UserError&) {
    if (!regenerate) throw;
    return {};
  }
}

}  // namespace

std::string node_folder(std::string_view node) {
  const std::string name = safe_file_name(node);
  const bool taken =
      rtl_level_of("rtl/" + name + "/") == "rtl-top" || "rtl/" + name == kRtlManifest;
  // No other node gets that one: a name with a slash is made safe by a hash.
  return "rtl/" + (taken ? safe_file_name(std::string(node) + "/") : name);
}

RtlFolder::RtlFolder(std::string_view level, const RtlSession& session,
                     const SimulationOptions& options)
    : level_(level), session_(session), options_(options) {
  const fs::path& dir = session.dir.path();
  report::RtlManifest manifest = this->manifest();
  const Level* generated = find_level(manifest, level_);
  if (options.as_is) {
    if (generated && generated->stage_sha256 != session.stage().sha256)
      user_error(
          "the RTL was generated from stage {} of another run than the one that lies in '{}' now; "
          "do "
          "that run again, or put generated RTL in its place with --regenerate",
          generated->stage, printable(dir.string(), 4096));
    return;
  }
  if (!options.regenerate) {
    const RtlEdits edits = rtl_edits(generated, rtl_files(dir, level_));
    if (!edits.none()) refuse_edits(dir, level_, edits);
    require_unedited_rtl(dir, manifest, level_ == "rtl-top" ? "rtl-node" : "rtl-top");
    remove_stale_rtl(session.dir, session.stage().sha256);
  }
}

report::RtlManifest RtlFolder::manifest() const {
  return manifest_for(session_.dir.path(), options_.regenerate);
}

bool RtlFolder::chosen(const std::string& path) const {
  return all_ || std::ranges::any_of(
                     folders_, [&](const std::string& folder) { return lies_in(path, folder); });
}

RtlHashes RtlFolder::chosen(const RtlHashes& files) const {
  RtlHashes result;
  for (const auto& [path, hash] : files)
    if (chosen(path)) result[path] = hash;
  return result;
}

void RtlFolder::choose(std::vector<std::string> folders, bool all) {
  if (options_.regenerate && !all) user_error("--regenerate takes all nodes; leave --nodes out");
  folders_ = std::move(folders);
  all_ = all;
  files_ = chosen(rtl_files(session_.dir.path(), level_));
}

/// What the manifest says of this level, or a level of this stage without files.
Level RtlFolder::section(const report::RtlManifest& manifest) const {
  for (const Level& level : manifest.levels)
    if (level.level == level_) return level;
  Level level;
  level.level = level_;
  level.assay = assay_identity();
  level.stage = session_.stage().id;
  level.stage_sha256 = session_.stage().sha256;
  return level;
}

void RtlFolder::write_manifest(const Level& level) const {
  report::RtlManifest manifest = this->manifest();
  if (Level* old = find_level(manifest, level_))
    *old = level;
  else
    manifest.levels.push_back(level);
  std::ranges::sort(manifest.levels, {}, &Level::level);
  session_.dir.make_folder("rtl");
  session_.dir.write_report(kRtlManifest, manifest);
}

/// A manifest that was edited along with the files must not hide them: this program knows what it
/// generates.
void RtlFolder::refuse_other(const report::RtlManifest& manifest, const RtlHashes& wanted) const {
  const Level level = section(manifest);
  if (options_.regenerate || level.before || level.stage_sha256 != session_.stage().sha256 ||
      level.assay != assay_identity())
    return;
  RtlEdits edits;
  for (const report::File& file : level.files) {
    const auto it = wanted.find(file.file);
    if (chosen(file.file) && (it == wanted.end() || it->second != file.sha256))
      edits.edited.push_back(file.file);
  }
  if (!edits.none()) refuse_edits(session_.dir.path(), level_, edits);
}

void RtlFolder::replace(const RtlHashes& wanted, const std::vector<File>& files) const {
  for (const auto& [path, hash] : files_)
    if (!wanted.contains(path)) session_.dir.remove(path);
  for (const File& file : files) {
    const auto there = files_.find(file.path);
    if (there != files_.end() && there->second == wanted.at(file.path)) continue;
    session_.dir.make_folder(fs::path(file.path).parent_path().string());
    session_.dir.write(file.path, file.text);
  }
}

void RtlFolder::write(const std::vector<File>& files) {
  RtlHashes wanted;
  for (const File& file : files) wanted[file.path] = sha256(file.text);
  if (as_is()) {
    generated_ = std::move(wanted);
    return;
  }
  const report::RtlManifest manifest = this->manifest();
  refuse_other(manifest, wanted);
  const Level old = section(manifest);
  Level level = section({});
  for (const report::File& file : old.files)
    if (!chosen(file.file)) level.files.push_back(file);
  for (const auto& [path, hash] : wanted) level.files.push_back({path, hash});
  std::ranges::sort(level.files, {}, &report::File::file);
  // A verdict on all nodes holds on while some of them are simulated again.
  if (!all_ && level.files == old.files) level.carried = old.carried;
  // Files of other nodes may be those of an earlier program.
  if (!all_) level.assay = old.assay;
  if (files_ != wanted) {
    level.before = list_of(rtl_files(session_.dir.path(), level_));
    write_manifest(level);
    replace(wanted, files);
    level.before.reset();
  }
  write_manifest(level);
  files_ = wanted;
}

bool RtlFolder::edited(const std::string& path) const {
  if (!as_is()) return false;
  const auto made = generated_.find(path);
  return made == generated_.end() || made->second != files_.at(path);
}

std::vector<sim::SourceFile> RtlFolder::sources(const std::string& folder,
                                                const std::vector<std::string>& reserved) const {
  std::vector<sim::SourceFile> result;
  for (const auto& [path, hash] : files_) {
    if (!lies_in(path, folder)) continue;
    const std::string name = path.substr(folder.size() + 1), shown = printable(path, 4096);
    std::string text = hash == "link" || hash == "device" ? "" : read_file(session_.dir.file(path));
    if (sha256(text) != hash) user_error("'{}' is no plain file, or was changed just now", shown);
    // Headers serve nobody without `include.
    if (edited(path) && !generated_.contains(path) && (!is_source(path) || path.ends_with("vh")))
      user_error(
          "'{}' is none of the layers' memories: what the design reads from it would be compared "
          "with nothing; move it out of the folder",
          shown);
    if (!is_source(path)) continue;
    if (name.find('/') != std::string::npos)
      user_error("'{}': sources have to lie in '{}' itself", shown, printable(folder, 4096));
    if (const std::string outside = edited(path) ? outside_read(text) : ""; !outside.empty())
      user_error(
          "'{}' has {}: what that reads is not below rtl/, or another tool may make something else "
          "of it, so no verdict could say what it holds for; write it out in the folder's own "
          "files",
          shown, printable(outside));
    for (const std::string& module : reserved)
      if (name == module + ".sv" || text.find(module) != std::string::npos)
        user_error("'{}' speaks of '{}', which is a module of the simulation around the RTL", shown,
                   module);
    result.push_back({name, std::move(text)});
  }
  if (result.empty())
    user_error("there is no RTL in '{}' to verify as it is; verify the run without --as-is first",
               printable(session_.dir.file(folder).string(), 4096));
  return result;
}

std::string RtlFolder::data_hash(const std::string& folder) const {
  std::string text;
  for (const auto& [path, hash] : files_)
    if (lies_in(path, folder) && !is_source(path)) text += fmt::format("{}  {}\n", hash, path);
  return sha256(text);
}

MemoryCheck RtlFolder::read_memories(const Node& node, const hw::Layer& layer,
                                     const std::string& folder, const std::string& prefix,
                                     const std::vector<std::string>& literals) const {
  std::vector<hw::MemoryImage> images;
  for (const hw::MemoryImage& image : layer.images) {
    // A file that edited RTL does not load says nothing.
    if (as_is() && !names_memory(literals, prefix + image.name())) continue;
    const std::string path = folder + "/" + prefix + image.name();
    try {
      images.push_back(hw::MemoryImage::parse(image.name(), image.word_bits(), image.words(),
                                              read_file(session_.dir.file(path))));
    } catch (const UserError&) {
      if (!as_is()) throw;
    }
  }
  return check_memories(node, images);
}

report::RtlFiles RtlFolder::identity() const {
  report::RtlFiles result;
  result.as_is = as_is();
  result.sha256 = rtl_sha256(files_);
  if (as_is()) {
    Level generated;
    generated.files = list_of(generated_);
    result.edited = rtl_edits(&generated, files_).all();
  }
  return result;
}

void RtlFolder::carry(const report::RtlHead& head) const {
  if (chosen(rtl_files(session_.dir.path(), level_)) != files_)
    user_error("files below '{}' were changed while they were simulated; verify them again",
               printable(session_.dir.file("rtl").string(), 4096));
  if (!all_) return;
  Level level = section(manifest());
  report::CarriedVerdict carried;
  carried.verdict = head.verdict;
  carried.rtl = head.rtl;
  carried.data = head.data;
  carried.images = head.images;
  carried.seed = head.seed;
  for (const sim::Profile profile : options_.profiles)
    carried.profiles.emplace_back(sim::profile_name(profile));
  carried.predicted = head.predicted;
  carried.compared = head.compared;
  carried.differing = head.differing;
  level.carried = std::move(carried);
  write_manifest(level);
}

}  // namespace assay
