// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// A module of rtl/, which the program carries with it.
struct RtlFile {
  std::string_view name, text;  ///< "assay_skid.sv" and what is in it
};

/// All of rtl/; generated at build time.
std::span<const RtlFile> rtl_library();

/// The files that a module is made of: its own and those of all modules that it instantiates.
/// Aborts when the library has no such module.
std::vector<RtlFile> rtl_sources(std::string_view module);

}  // namespace assay
