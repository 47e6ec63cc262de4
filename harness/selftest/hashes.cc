// SPDX-License-Identifier: Apache-2.0
#include "harness/selftest/hashes.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "harness/report/json.h"

namespace assay {
namespace {

constexpr const char* kChecksum = "checksum";

bool replace_all(std::string& text, const std::string& from, const std::string& to) {
  bool found = false;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
    found = true;
  }
  return found;
}

std::vector<std::string> documents(const Sandbox& box) {
  std::vector<std::string> names;
  for (const char* folder : {"run/reports", "run/rtl"})
    for (const std::string& name : box.files(folder))
      if (name.ends_with(".json")) names.push_back(name);
  return names;
}

/// A report with a field `checksum`, over its own text without it, as it has to be.
std::string sealed(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains(kChecksum)) return text;
  Json without = json;
  without.erase(kChecksum);
  json[kChecksum] = sha256(json_text(without));
  return json_text(json);
}

}  // namespace

void seal_file(const Sandbox& box, const std::string& file) {
  box.write(file, sealed(box.read(file)));
}

void fix_hashes(const Sandbox& box, const std::string& file, const std::string& before) {
  std::vector<std::pair<std::string, std::string>> stale = {
      {sha256(before), sha256(box.read(file))}};
  // In this order: a document that changes twice is known by its first new digest in between.
  for (std::size_t i = 0; i < stale.size(); ++i) {
    const auto [from, to] = stale[i];
    for (const std::string& name : documents(box)) {
      const std::string text = box.read(name);
      std::string fixed = text;
      if (!replace_all(fixed, from, to)) continue;
      fixed = sealed(fixed);
      box.write(name, fixed);
      stale.emplace_back(sha256(text), sha256(fixed));
    }
  }
}

}  // namespace assay
