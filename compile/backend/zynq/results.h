// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What Vivado and Vitis leave, as text and bytes. Each reader throws UserError naming `file` where that is not
/// what it should be, or is cut off.
namespace assay::zynq {

/// A row of report_utilization: "Slice LUTs". Block RAM tiles come in halves.
struct SiteUse {
  std::string name;
  double used = 0, available = 0;
};
struct UtilisationReport {
  std::string device;  ///< as the report calls it: "xc7z020clg400-1", "7z020clg400-1"
  std::vector<SiteUse> sites;
};
/// Rows of its tables that tell what is available; LUTs and registers are among them.
UtilisationReport read_utilisation(std::string_view text, std::string_view file);

/// A row of report_utilization -hierarchical.
struct InstanceUse {
  std::string instance;
  std::int64_t lut = 0, ff = 0, ramb36 = 0, ramb18 = 0, dsp = 0;
};
std::vector<InstanceUse> read_hierarchy(std::string_view text, std::string_view file);

/// Of report_timing_summary: the worst slacks.
struct TimingSummary {
  std::string device;
  double setup_ns = 0;
  std::optional<double> hold_ns, pulse_ns;
  std::int64_t failing = 0;  ///< endpoints of setup, hold and pulse width
};
TimingSummary read_timing(std::string_view text, std::string_view file);

/// The part in the head of a .bit, "7z020clg400". The bits behind it are all there.
std::string bitfile_part(std::string_view bytes, std::string_view file);
/// A hardware handoff is a whole XML document of that kind.
void require_handoff(std::string_view text, std::string_view file);
/// An .xclbin is as long as its head says.
void require_xclbin(std::string_view bytes, std::string_view file);

/// Whether a name of a device stands for a part with package and speed: "7z020-clg400" for "xc7z020clg400-1".
bool is_part(std::string_view device, std::string_view part);

}  // namespace assay::zynq
