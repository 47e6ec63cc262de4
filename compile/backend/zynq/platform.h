// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compile/backend/zynq/project.h"

namespace assay::zynq {

/// What XRT does with a kernel: it starts a mover (ap_ctrl_hs); an accelerator runs always (ap_ctrl_none), and one that has
/// run-time weights has registers that are the host's alone (user_managed).
std::string_view kernel_protocol(const Ip& ip);
/// Bytes of address in front of a kernel's registers.
std::int64_t kernel_range(const Ip& ip);

/// The description of an IP as a kernel: of a mover with its registers as arguments, of the accelerator with its
/// streams alone.
std::string kernel_xml(const Ip& ip, const std::vector<IpRegister>& registers);

/// What makes an .xclbin of a platform: kernels, package.tcl, link.cfg, build.sh.
std::vector<NodeRtl::File> platform_files(const ProjectSpec& spec, const Project& project);

}  // namespace assay::zynq
