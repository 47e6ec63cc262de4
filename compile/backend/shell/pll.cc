// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/shell/pll.h"

#include <fmt/format.h>

#include <cmath>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

/// Three dividers: of the reference, in the feedback, of the output.
struct Dividers {
  int reference = 1, feedback = 1, output = 1;
  double error = 1e9;  ///< of the clock, in MHz
};

void take_better(Dividers& best, int reference, int feedback, int output, double error) {
  if (error < best.error) best = {reference, feedback, output, error};
}

void require_close(const ShellBoard& board, const Dividers& found) {
  if (found.error <= board.clock_mhz / 100) return;
  user_error("board '{}': its PLL cannot make {} MHz of {} MHz; choose another clock",
             printable(board.name), board.clock_mhz, board.pad_mhz);
}

/// iCE40: oscillator from 533 to 1066 MHz, phase detector from 10 to 133 MHz; the output is a power
/// of two.
Dividers ice40_dividers(const ShellBoard& board) {
  Dividers best;
  for (int reference = 1; reference <= 16; ++reference) {
    const double detector = board.pad_mhz / reference;
    if (detector < 10 || detector > 133) continue;
    for (int feedback = 1; feedback <= 64; ++feedback) {
      const double oscillator = detector * feedback;
      if (oscillator < 533 || oscillator > 1066) continue;
      for (int shift = 1; shift <= 6; ++shift)
        take_better(best, reference, feedback, shift,
                    std::abs(oscillator / (1 << shift) - board.clock_mhz));
    }
  }
  require_close(board, best);
  return best;
}

int ice40_filter(double detector) {
  int range = 1;
  for (const double bound : {17.0, 26.0, 44.0, 66.0, 101.0})
    if (detector >= bound) ++range;
  return range;
}

std::map<std::string, int> ice40_settings(const ShellBoard& board) {
  const Dividers d = ice40_dividers(board);
  return {{"DIVR", d.reference - 1},
          {"DIVF", d.feedback - 1},
          {"DIVQ", d.output},
          {"FILTER_RANGE", ice40_filter(board.pad_mhz / d.reference)}};
}

std::string ice40_text(const ShellBoard& board) {
  const std::map<std::string, int> s = ice40_settings(board);
  const bool pad = board.pll == ShellBoard::Pll::kIce40Pad;
  return fmt::format(R"(  {} #(
    .FEEDBACK_PATH("SIMPLE"), .DIVR(4'd{}), .DIVF(7'd{}), .DIVQ(3'd{}), .FILTER_RANGE(3'd{})
  ) u_pll (
    .{}(clk_i), .PLLOUTGLOBAL(clock), .LOCK(locked), .RESETB(1'b1), .BYPASS(1'b0)
  );
)",
                     pll_cell(board), s.at("DIVR"), s.at("DIVF"), s.at("DIVQ"),
                     s.at("FILTER_RANGE"), pad ? "PACKAGEPIN" : "REFERENCECLK");
}

/// ECP5, feedback from the output: oscillator from 400 to 800 MHz, phase detector from 3.125 MHz on.
Dividers ecp5_dividers(const ShellBoard& board) {
  Dividers best;
  for (int reference = 1; reference <= 128; ++reference) {
    const double detector = board.pad_mhz / reference;
    if (detector < 3.125 || detector > 400) continue;
    for (int feedback = 1; feedback <= 80; ++feedback)
      for (int output = 1; output <= 128; ++output) {
        const double made = detector * feedback, oscillator = made * output;
        if (oscillator < 400 || oscillator > 800) continue;
        take_better(best, reference, feedback, output, std::abs(made - board.clock_mhz));
      }
  }
  require_close(board, best);
  return best;
}

/// The filter's current and resistor are attributes of the cell.
std::map<std::string, int> ecp5_settings(const ShellBoard& board) {
  const Dividers d = ecp5_dividers(board);
  return {{"CLKI_DIV", d.reference}, {"CLKFB_DIV", d.feedback},
          {"CLKOP_DIV", d.output},   {"CLKOP_CPHASE", d.output / 2},
          {"CLKOP_FPHASE", 0},       {"ICP_CURRENT", 12},
          {"LPF_RESISTOR", 8}};
}

/// Outputs that are not used are switched off: where nothing is said, nextpnr switches them on, though Yosys'
/// library has it otherwise.
std::string ecp5_text(const ShellBoard& board) {
  const std::map<std::string, int> s = ecp5_settings(board);
  return fmt::format(R"(  (* ICP_CURRENT = {}, LPF_RESISTOR = {} *)
  EHXPLLL #(
    .CLKI_DIV({}), .CLKFB_DIV({}), .CLKOP_DIV({}), .CLKOP_ENABLE("ENABLED"), .CLKOP_CPHASE({}),
    .CLKOP_FPHASE({}), .FEEDBK_PATH("CLKOP"), .PLLRST_ENA("DISABLED"), .STDBY_ENABLE("DISABLED"),
    .DPHASE_SOURCE("DISABLED"), .OUTDIVIDER_MUXA("DIVA"), .CLKOS_ENABLE("DISABLED"),
    .CLKOS2_ENABLE("DISABLED"), .CLKOS3_ENABLE("DISABLED")
  ) u_pll (
    .CLKI(clk_i), .CLKFB(clock), .CLKOP(clock), .LOCK(locked), .RST(1'b0), .STDBY(1'b0),
    .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b0), .PHASESTEP(1'b0), .PHASELOADREG(1'b0),
    .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0)
  );
)",
                     s.at("ICP_CURRENT"), s.at("LPF_RESISTOR"), s.at("CLKI_DIV"), s.at("CLKFB_DIV"),
                     s.at("CLKOP_DIV"), s.at("CLKOP_CPHASE"), s.at("CLKOP_FPHASE"));
}

}  // namespace

std::string pll_cell(const ShellBoard& board) {
  switch (board.pll) {
    case ShellBoard::Pll::kIce40:
      return "SB_PLL40_CORE";
    case ShellBoard::Pll::kIce40Pad:
      return "SB_PLL40_PAD";
    case ShellBoard::Pll::kEcp5:
      return "EHXPLLL";
    case ShellBoard::Pll::kNone:
      break;
  }
  return "";
}

std::map<std::string, int> pll_settings(const ShellBoard& board) {
  if (board.pll == ShellBoard::Pll::kNone) return {};
  return board.pll == ShellBoard::Pll::kEcp5 ? ecp5_settings(board) : ice40_settings(board);
}

std::string pll_text(const ShellBoard& board) {
  switch (board.pll) {
    case ShellBoard::Pll::kIce40:
    case ShellBoard::Pll::kIce40Pad:
      return ice40_text(board);
    case ShellBoard::Pll::kEcp5:
      return ecp5_text(board);
    case ShellBoard::Pll::kNone:
      break;
  }
  if (board.clock_mhz != board.pad_mhz)
    user_error("board '{}': without a PLL its clock is {} MHz, not {}", printable(board.name),
               board.pad_mhz, board.clock_mhz);
  return "  assign clock  = clk_i;\n  assign locked = 1'b1;\n";
}

}  // namespace assay
