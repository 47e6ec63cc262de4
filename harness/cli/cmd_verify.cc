// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/bits/verify_bits.h"
#include "harness/cli/command.h"
#include "harness/page/page.h"
#include "harness/rtl/verify_nodes.h"
#include "harness/rtl/verify_top.h"
#include "harness/system/verify_system.h"

namespace assay {
namespace {

std::string profile_names() {
  std::string text;
  for (int i = 0; i < sim::kProfiles; ++i)
    text += std::string(i == 0 ? "" : ", ") +
            std::string(sim::profile_name(static_cast<sim::Profile>(i)));
  return text;
}

std::vector<sim::Profile> parse_profiles(const std::vector<std::string>& names) {
  std::vector<sim::Profile> profiles;
  for (const std::string& name : names) {
    if (name == "all") {
      for (int i = 0; i < sim::kProfiles; ++i) profiles.push_back(static_cast<sim::Profile>(i));
      continue;
    }
    const auto profile = sim::parse_profile(name);
    if (!profile)
      user_error("--profiles: no profile is called '{}'; choose all, {}", printable(name),
                 profile_names());
    profiles.push_back(*profile);
  }
  return profiles;
}

struct VerifyCommand {
  VerifyNodesOptions nodes;
  std::string level = "rtl-node";
  std::vector<std::string> profiles = {"always", "bursts"};
  double clock_mhz = 100;
  std::string target;
  std::optional<std::int64_t> second_opinion;
  bool prove_layers = false;
  std::optional<int> memory_bits;
};

bool is_top(const VerifyCommand& command) { return command.level == "rtl-top"; }

VerifyBitsOptions bits_options(const VerifyCommand& command, BitsLevel level) {
  const VerifyNodesOptions& given = command.nodes;
  if (!given.nodes.empty() || given.min_coverage || given.as_is || given.regenerate ||
      !given.wave.empty())
    user_error(
        "--nodes, --min-coverage, --as-is, --regenerate and --wave are of RTL: they belong to "
        "--level rtl-node or rtl-top");
  if (command.target.empty())
    user_error("--level {} needs --target, the name that the design was built for", command.level);
  if (command.second_opinion && *command.second_opinion < 1)
    user_error("--second-opinion takes a number of images, at least 1");
  if (command.prove_layers && level != BitsLevel::kNetlist)
    user_error(
        "--prove-layers is of the gates that synthesis makes: it belongs to --level netlist");
  return {static_cast<const SimulationOptions&>(given), level, command.target,
          command.second_opinion, command.prove_layers};
}

VerifyTopOptions top_options(const VerifyCommand& command) {
  if (!command.nodes.nodes.empty())
    user_error("--nodes chooses nodes at --level rtl-node; rtl-top simulates them all");
  if (command.nodes.min_coverage)
    user_error("--min-coverage is of the nodes: it belongs to --level rtl-node");
  return {static_cast<const SimulationOptions&>(command.nodes), command.clock_mhz};
}

VerifySystemOptions system_options(const VerifyCommand& command) {
  const VerifyNodesOptions& given = command.nodes;
  if (!given.nodes.empty() || given.min_coverage || given.as_is || given.regenerate ||
      !given.wave.empty())
    user_error(
        "--nodes, --min-coverage, --as-is, --regenerate and --wave belong to --level rtl-node or "
        "rtl-top");
  return {static_cast<const SimulationOptions&>(given), command.memory_bits.value_or(64),
          command.target};
}

/// The verdict's exit code; prints the report or the table.
template <typename Result>
int shown(const CommandContext& context, const Result& result, Verdict verdict) {
  if (context.json)
    print_report(context, result.report);
  else
    context.console.out << result.table;
  return exit_code(verdict);
}

void add_simulation_options(Command& command, VerifyCommand& options) {
  command.add_option("DIR", options.nodes.dir, "Folder of a finished run").required();
  command
      .add_option("--level", options.level,
                  "What to simulate: rtl-node, each node alone; rtl-top, the whole accelerator; "
                  "system, this behind data movers and a memory; netlist and bitstream, what "
                  "`assay build` made of it")
      .one_of({"rtl-node", "rtl-top", "system", "netlist", "bitstream"})
      .capture_default_str();
  add_image_options(command, options.nodes.images);
  command
      .add_option(
          "--target", options.target,
          "Of --level netlist and bitstream: as for `assay build`. Of --level system: a part, "
          "whose netlist is made and simulated in the place of the RTL")
      .type_name("NAME");
  command
      .add_option("--second-opinion", options.second_opinion,
                  "Of --level netlist and bitstream: simulate so many of the images, drawn by the "
                  "seed, in Verilator, too")
      .type_name("N");
  command
      .add_option("--memory-bits", options.memory_bits,
                  "Of --level system: width of the data movers' port to memory: 64, 128, 256, 512; "
                  "64 if not given")
      .type_name("N");
  command.add_flag("--prove-layers", options.prove_layers,
                   "Of --level netlist: try to prove of every different layer that its gates equal "
                   "its RTL");
  command
      .add_option("--nodes", options.nodes.nodes,
                  "Only these nodes, by name; the result is shown and the report on all stays")
      .delimiter(',')
      .type_name("NAME,..");
  command
      .add_option("--profiles", options.profiles,
                  "How source and sink behave: all, " + profile_names())
      .delimiter(',')
      .type_name("NAME,..")
      .capture_default_str();
}

void add_limits_and_files(Command& command, VerifyCommand& options) {
  command
      .add_option("--min-coverage", options.nodes.min_coverage,
                  "Percent of every node's thresholds and weight bits that images and directed "
                  "frames have to cover at rtl-node, else INCONCLUSIVE")
      .type_name("P");
  command.add_option("--seed", options.nodes.seed, "Seed of everything random")
      .capture_default_str()
      .type_name("S");
  command
      .add_option("--clock", options.clock_mhz,
                  "Clock at which rtl-top's cycles become frames per second")
      .capture_default_str()
      .type_name("MHZ");
  command
      .add_option("--cache", options.nodes.cache,
                  "Folder of built models; default: the user's, $XDG_CACHE_HOME/assay/models or "
                  "~/.cache/assay/models")
      .type_name("FOLDER");
  command
      .add_option("--wave", options.nodes.wave,
                  "Write a waveform (.vcd or .fst) of one node, or of the accelerator, under one "
                  "profile, from "
                  "the cycle before the "
                  "first mismatch on")
      .type_name("FILE");
}

void add_rtl_options(Command& command, VerifyCommand& options) {
  command.add_flag(
      "--as-is", options.nodes.as_is,
      "Simulate the RTL that lies in DIR/rtl, edited or not, instead of generating it");
  command.add_flag("--regenerate", options.nodes.regenerate,
                   "Put generated RTL in the place of what was edited in DIR/rtl");
}

}  // namespace

void add_verify_command(Command& app, CommandAction& action) {
  const auto options = std::make_shared<VerifyCommand>();
  Command command = app.add_subcommand(
      "verify", "Simulate the RTL of a run's hardware cycle by cycle and compare it with golden");
  add_simulation_options(command, *options);
  add_limits_and_files(command, *options);
  add_rtl_options(command, *options);
  add_examples(command,
               "  assay verify out/model --level rtl-node\n"
               "  assay verify out/model --level rtl-top --images 10 --clock 200\n"
               "  assay verify out/model --images 100 --profiles all\n"
               "  assay verify out/model --level rtl-top --as-is\n"
               "  assay verify out/model --level system --memory-bits 128\n"
               "  assay verify out/model --level system --target xc7z020 --images 2\n"
               "  assay verify out/model --level bitstream --target ice40-hx8k --images 10000\n"
               "  assay verify out/model --nodes MVAU_0 --profiles bursts --wave mvau.fst");
  command.callback([options, &action] {
    action = [options](const CommandContext& context) {
      if (options->nodes.as_is && options->nodes.regenerate)
        user_error("--as-is keeps the RTL that --regenerate replaces; give one of them");
      options->nodes.profiles = parse_profiles(options->profiles);
      options->nodes.finished = write_page;
      const std::optional<BitsLevel> built = find_bits_level(options->level);
      if (!options->target.empty() && !built && options->level != "system")
        user_error("--target belongs to --level netlist, bitstream and system");
      if (options->second_opinion && !built)
        user_error("--second-opinion belongs to --level netlist and bitstream");
      if (options->prove_layers && !built) user_error("--prove-layers belongs to --level netlist");
      if (built) {
        const VerifyBitsResult result =
            verify_bits(bits_options(*options, *built), context.console);
        return shown(context, result, result.report.verdict);
      }
      if (options->memory_bits && options->level != "system")
        user_error("--memory-bits belongs to --level system");
      if (options->level == "system") {
        const VerifySystemResult result = verify_system(system_options(*options), context.console);
        return shown(context, result, result.report.head.verdict);
      }
      if (is_top(*options)) {
        const VerifyTopResult result = verify_top(top_options(*options), context.console);
        return shown(context, result, result.report.head.verdict);
      }
      const VerifyNodesResult result = verify_nodes(options->nodes, context.console);
      return shown(context, result, result.report.head.verdict);
    };
  });
}

}  // namespace assay
