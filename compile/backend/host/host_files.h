// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace assay::host {

/// A file of a driver that is the same for every accelerator.
struct HostFile {
  std::string_view name, text;  ///< "driver.py" and what is in it
};

/// All of compile/backend/host/pynq; generated at build time.
std::span<const HostFile> host_files();
/// All of compile/backend/host/c, likewise.
std::span<const HostFile> c_files();

}  // namespace assay::host
