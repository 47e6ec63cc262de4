// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "compile/backend/zynq/project.h"

namespace assay::zynq {

inline constexpr std::string_view kDesign = "top";

/// The Tcl that makes the block design of movers, accelerator and processing system: every stream, bus,
/// clock, reset and interrupt connected, every address assigned. Of the project are read the movers and
/// where run-time weights are.
std::string block_design_tcl(const ProjectSpec& spec, const Project& project);

}  // namespace assay::zynq
