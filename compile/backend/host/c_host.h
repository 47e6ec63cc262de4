// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compile/backend/host/driver.h"

namespace assay::host {

/// A host in C99 and C++17: assay_host.h, .c and .hpp, an example with its Makefile, and generated
/// assay_registers.h (the registers of a mover) and accelerator.h (the streams). It carries integers alone:
/// neither scales nor the tail is computed. UserError where a stream's elements are wider than its int64_t,
/// or have more axes than it takes, or there are more movers.
std::vector<NodeRtl::File> c_host(const DriverSpec& spec);

/// Text as a string literal of C, byte for byte.
std::string c_string(std::string_view text);

}  // namespace assay::host
