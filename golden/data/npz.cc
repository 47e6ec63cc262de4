// SPDX-License-Identifier: Apache-2.0
#include "golden/data/npz.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "golden/data/readers.h"

namespace assay {
namespace {

constexpr std::uint64_t kArrayLimit = std::uint64_t{1} << 32;
constexpr std::string_view kMember = ".npy";  ///< how numpy names the member of a key

}  // namespace

NpzFile::NpzFile(const std::filesystem::path& file)
    : name_(shown(file)), bytes_(read_file(file)), members_(zip_members(bytes_, name_)) {
  for (const ZipMember& member : members_)
    if (!member.name.ends_with(kMember))
      user_error("'{}' holds '{}', which is no array; save it with numpy.savez", name_,
                 printable(member.name));
  if (members_.empty()) user_error("'{}' holds no array; save it with numpy.savez", name_);
}

std::string NpzFile::listed() const {
  std::vector<std::string> keys;
  for (const ZipMember& member : members_)
    keys.push_back(fmt::format("'{}'", printable(key_of(member))));
  std::ranges::sort(keys);
  return fmt::format("{}", fmt::join(keys, ", "));
}

const ZipMember* NpzFile::find(const std::string& key) const {
  const auto it = std::ranges::find(members_, key + std::string(kMember), &ZipMember::name);
  return it == members_.end() ? nullptr : &*it;
}

std::string NpzFile::key_of(const ZipMember& member) {
  return member.name.substr(0, member.name.size() - kMember.size());
}

std::string NpzFile::title(const ZipMember& member) const {
  return fmt::format("{}:{}", name_, printable(member.name));
}

NpyArray NpzFile::read(const ZipMember& member) const {
  return decode_npy(read_zip_member(bytes_, member, kArrayLimit, name_), title(member));
}

}  // namespace assay
