// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compile/backend/zynq/project.h"

namespace assay::zynq {

/// The description of an IP as a kernel that XRT starts: of a mover with its registers as arguments, of the
/// accelerator, which runs always, with its streams alone.
std::string kernel_xml(const Ip& ip, const std::vector<IpRegister>& registers);

/// What makes an .xclbin of a platform: kernels, package.tcl, link.cfg, build.sh.
std::vector<NodeRtl::File> platform_files(const ProjectSpec& spec, const Project& project);

}  // namespace assay::zynq
