// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/bits_table.h"

#include <fmt/format.h>

#include "compile/base/printable.h"
#include "harness/bits/prove_bits.h"
#include "harness/report/console.h"
#include "harness/report/sentence.h"

namespace assay {
namespace {

std::string streams_text(const report::Bits& report) {
  std::vector<std::vector<std::string>> rows = {{"stream", "beats", "differing", "where"}};
  for (const report::Bits::Stream& s : report.streams)
    rows.push_back({printable(s.name), grouped(s.compared), grouped(s.differing),
                    s.output ? "output" : "inside"});
  return table_text(rows);
}

std::string opinion_text(const report::SecondOpinion& opinion) {
  return fmt::format(
      "\nsecond opinion of {} on {} images: {} of {} predicted beats compared, {} differing; {} of "
      "{} "
      "planted faults caught\n",
      printable(opinion.simulator, 200), opinion.images.size(), grouped(opinion.compared),
      grouped(opinion.predicted), grouped(opinion.differing), opinion.canaries.caught,
      opinion.canaries.planted);
}

std::string proof_text(const report::Proof& proof) {
  std::string text = fmt::format(
      "\n{}{}: {} functions (next values of {} registers, memory pins, outputs) {} those of {}, "
      "which it was made from, for all inputs and states; {} bits of memory compared\n",
      proof.verdict == kProved ? "" : "NOT PROVED, ", proof.verdict, grouped(proof.functions),
      grouped(proof.registers), proof.verdict == kProved ? "equal" : "are held against",
      printable(proof.origin.file, 200), grouped(proof.memory_bits));
  if (!proof.reason.empty()) text += "  " + sentence(proof.reason) + "\n";
  for (const report::Proof::Failure& failure : proof.failures) {
    text += fmt::format("  {}{}\n", sentence(failure.function),
                        failure.simulated ? ", seen to differ in this state:" : "");
    for (const auto& [name, value] : failure.counterexample)
      text += fmt::format("    {} = {}\n", printable(name, 4096), value ? 1 : 0);
  }
  return text;
}

/// Bits have no streams inside that could be compared; their netlist has.
std::string unseen_text(const report::Bits& report) {
  if (!report.proof || !report.proof->origin_verdict ||
      *report.proof->origin_verdict == verdict_name(Verdict::kEquivalent))
    return "";
  return fmt::format(
      "NOT SEEN: streams inside, as {} {}: assay verify DIR --level netlist --target {}\n",
      printable(report.proof->origin.file, 200),
      report.proof->origin_verdict->empty() ? "was not verified"
                                            : "is " + printable(*report.proof->origin_verdict),
      printable(report.target));
}

/// The layers that are proved only behind an optimisation, or not at all, by name.
std::string layers_text(const std::vector<report::LayerProof>& layers) {
  std::int64_t proved = 0;
  std::string optimised, rest;
  for (const report::LayerProof& layer : layers) {
    const std::string name = "\n  " + printable(layer.layer, 200);
    if (layer.verdict != kProved)
      rest += fmt::format("{}: {}, {}", name, layer.verdict, printable(layer.reason, 4096));
    else if (++proved; layer.optimised)
      optimised += name;
  }
  std::string text = fmt::format(
      "\n{} of {} different layers {}: their gates equal their RTL, with memories as Yosys maps "
      "them, for all inputs and states\n",
      proved, layers.size(), kProved);
  if (!optimised.empty()) text += "of these behind Yosys' own opt:" + optimised + "\n";
  if (!rest.empty())
    text +=
        "NOT PROVED, only simulated (the RTL may leave open what synthesis chose):" + rest + "\n";
  return text;
}

}  // namespace

std::string bits_table(const report::Bits& report) {
  std::string text =
      fmt::format("\n{} of {}: {} tables, {} flip-flops, {} memories\n", report.level,
                  printable(report.target), grouped(report.cells.tables),
                  grouped(report.cells.flip_flops), grouped(report.cells.memories));
  text += streams_text(report);
  if (!report.absent.empty())
    text += fmt::format("NOT COMPARED: {} streams inside, whose wires did not keep their names\n",
                        report.absent.size());
  if (report.clock)
    text +=
        fmt::format("NOT SIMULATED: what makes the clock, {}: it is taken to run and be locked\n",
                    printable(*report.clock, 200));
  if (report.second_opinion) text += opinion_text(*report.second_opinion);
  if (report.proof) text += proof_text(*report.proof);
  if (report.layers) text += layers_text(*report.layers);
  if (report.verdict != Verdict::kEquivalent) text += "\n" + sentence(report.reason) + "\n";
  text += fmt::format(
      "\n{}: {} images and {} made up, {} of {} predicted beats compared, {} differing; {} of {} "
      "planted faults caught",
      verdict_name(report.verdict), grouped(report.images), report.made_up,
      grouped(report.compared), grouped(report.predicted), grouped(report.differing),
      report.canaries.caught, report.canaries.planted);
  if (report.simulation.lane_cycles > 0)
    text += fmt::format("; {} cycles in {} lanes", grouped(report.simulation.lane_cycles),
                        report.simulation.lanes);
  return text + "\n" + unseen_text(report);
}

}  // namespace assay
