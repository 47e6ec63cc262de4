// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace assay {

struct PageFile {
  std::string_view name, text;  ///< "page.css" and what is in it
};
/// The files of harness/page; generated at build time.
std::span<const PageFile> page_files();

}  // namespace assay
