// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/system.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/error.h"

namespace assay::zynq {
namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

// From AMD's PG082 and UG585 (PS7), PG201 and UG1085 (Zynq UltraScale+); clocks from DS187 and DS925.
constexpr SystemKind kKinds[] = {
    {hw::BoardSystem::kZynq7000,
     "processing_system7",
     "FIXED_IO, DDR",
     "FCLK_CLK0",
     "FCLK_RESET0_N",
     "IRQ_F2P",
     "M_AXI_GP0",
     "M_AXI_GP0_ACLK",
     "CONFIG.PCW_USE_M_AXI_GP0 {1} CONFIG.PCW_EN_CLK0_PORT {1} CONFIG.PCW_EN_RST0_PORT {1} "
     "CONFIG.PCW_USE_FABRIC_INTERRUPT {1} CONFIG.PCW_IRQ_F2P_INTR {1}",
     "CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ",
     "CONFIG.PCW_USE_S_AXI_HP{}",
     "CONFIG.PCW_S_AXI_HP{}_DATA_WIDTH",
     64,
     16,
     4,
     16,
     0,
     250,
     0x40000000,
     kGiB,
     kGiB},
    {hw::BoardSystem::kZynqUltraScale,
     "zynq_ultra_ps_e",
     "",
     "pl_clk0",
     "pl_resetn0",
     "pl_ps_irq0",
     "M_AXI_HPM0_FPD",
     "maxihpm0_fpd_aclk",
     "CONFIG.PSU__USE__M_AXI_GP0 {1} CONFIG.PSU__USE__M_AXI_GP1 {0} CONFIG.PSU__USE__M_AXI_GP2 {0} "
     "CONFIG.PSU__FPGA_PL0_ENABLE {1} CONFIG.PSU__USE__IRQ0 {1}",
     "CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ",
     "CONFIG.PSU__USE__S_AXI_GP{}",
     "CONFIG.PSU__SAXIGP{}__DATA_WIDTH",
     128,
     256,
     4,
     8,
     2,
     400,
     0xa0000000,
     kGiB / 4,
     2 * kGiB}};

}  // namespace

std::string SystemKind::memory(int port) const {
  return system == hw::BoardSystem::kZynq7000 ? fmt::format("S_AXI_HP{}", port)
                                              : fmt::format("S_AXI_HP{}_FPD", port);
}

std::string SystemKind::memory_clock(int port) const {
  return system == hw::BoardSystem::kZynq7000 ? fmt::format("S_AXI_HP{}_ACLK", port)
                                              : fmt::format("saxihp{}_fpd_aclk", port);
}

std::string SystemKind::segment(int port) const {
  return system == hw::BoardSystem::kZynq7000
             ? fmt::format("S_AXI_HP{0}/HP{0}_DDR_LOWOCM", port)
             : fmt::format("SAXIGP{}/HP{}_DDR_LOW", first_port + port, port);
}

const SystemKind& system_of(const hw::Board& board) {
  const auto it = std::ranges::find(kKinds, board.system, &SystemKind::system);
  ASSAY_INVARIANT(it != std::end(kKinds), "a board without a processing system");
  return *it;
}

}  // namespace assay::zynq
