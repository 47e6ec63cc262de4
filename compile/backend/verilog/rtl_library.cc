// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/verilog/rtl_library.h"

#include <algorithm>
#include <cctype>

#include "compile/base/error.h"

namespace assay {
namespace {

bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Whether `text` uses the identifier `name` outside of // comments.
bool uses(std::string_view text, std::string_view name) {
  const auto continues = [&](std::size_t i) { return i < text.size() && is_name_char(text[i]); };
  for (std::size_t at = text.find(name); at != std::string_view::npos;
       at = text.find(name, at + 1)) {
    const std::size_t line = text.rfind('\n', at) + 1, end = at + name.size();
    const bool whole = !continues(at - 1) && !continues(end);
    if (whole && text.substr(line, at - line).find("//") == std::string_view::npos &&
        (end == text.size() || text[end] != ':'))
      return true;
  }
  return false;
}

std::string_view module_of(const RtlFile& file) {
  return file.name.substr(0, file.name.rfind('.'));
}

}  // namespace

std::vector<RtlFile> rtl_sources(std::string_view module) {
  const std::span<const RtlFile> library = rtl_library();
  const auto find = [&](std::string_view name) {
    return std::ranges::find_if(library, [&](const RtlFile& f) { return module_of(f) == name; });
  };
  const auto top = find(module);
  ASSAY_INVARIANT(top != library.end(), fmt::format("rtl/ has no module {}", module));
  std::vector<RtlFile> result = {*top};
  for (std::size_t i = 0; i < result.size(); ++i) {
    for (const RtlFile& file : library) {
      const bool known = std::ranges::find(result, file.name, &RtlFile::name) != result.end();
      if (!known && uses(result[i].text, module_of(file))) result.push_back(file);
    }
  }
  return result;
}

}  // namespace assay
