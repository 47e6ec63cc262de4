// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/place_route.h"

#include "compile/base/file.h"

namespace assay::ecp5 {

fpga::PlaceRouteResult place_route_ecp5(const fpga::PlaceRouteJob& job,
                                        const std::filesystem::path& folder,
                                        const PlaceRouteTools& tools) {
  write_file(folder / "design.lpf", job.constraints);
  for (const char* name : {"design.config", "design.bit"}) std::filesystem::remove(folder / name);
  fpga::run_nextpnr(job, {"--lpf", "design.lpf", "--textcfg", "design.config"}, folder,
                    tools.nextpnr, tools.limit);
  fpga::run_tool(tools.ecppack, {"design.config", "design.bit"}, folder, tools.limit);
  fpga::PlaceRouteResult result;
  fpga::read_report(read_file(folder / "report.json"), result);
  result.places = fpga::read_places(read_file(folder / "placed.json"));
  result.routed = read_file(folder / "design.config");
  result.bitstream = read_file(folder / "design.bit");
  return result;
}

}  // namespace assay::ecp5
