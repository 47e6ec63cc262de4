// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/run_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <limits>

#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/hw/devices.h"
#include "compile/passes/folding/set_folding.h"
#include "compile/passes/streamline/streamline.h"
#include "harness/flow/folding_config.h"

namespace assay {
namespace {

using enum RunOption::Recorded;

std::vector<RunOption> streamline_options() {
  return {
      {"topk", "topk", false, "postprocess", "K", kApart, 0, 1 << 20, "",
       [](RunChoice& c) { return OptionSlot(&c.topk); },
       "How many labels a network that ends in one row of logits puts out; 0: the logits "
       "themselves"},
      {"input_weight_bits", "input_weight_bits", false, "quantize_input", "N", kAlways, 1,
       kMaxWeightBits, "", [](RunChoice& c) { return OptionSlot(&c.passes.input_weight_bits); },
       fmt::format("Bits that weights may take where the exact form of a normalised input "
                   "multiplies them by integers in proportion to 1/std; layers take {}",
                   kMaxHardwareWeightBits)},
      {"scale_bits", "scale_bits", false, "round_scales", "N", kAlways, kMinScaleBits,
       kMaxScaleBits, "", [](RunChoice& c) { return OptionSlot(&c.passes.scale_bits); },
       "Bits of scales in front of a product, such as a batch normalisation's, that have no exact "
       "integer form (approximate stage round_scales)"},
      {"join_budget", "join_budget", false, "residual_sums", "N", kAlways, 1, kMaxJoinBits, "",
       [](RunChoice& c) { return OptionSlot(&c.passes.join_budget); },
       "Fraction bits that an exact sum of branches may take"},
      {"input_bits", "input_bits", false, "quantize_input", "N", kGiven, kMinInputBits,
       kMaxInputBits, "", [](RunChoice& c) { return OptionSlot(&c.passes.input_bits); },
       fmt::format("Quantise a normalised input to N bits (approximate stage quantize_input); {} "
                   "where its exact form is not possible",
                   kInputBits)},
  };
}

std::vector<RunOption> goal_options() {
  return {
      {"target_cycles", "target_cycles", true, "fold", "N", kApart, 1, RunOption::kUnbounded,
       "{} cycles", [](RunChoice& c) { return OptionSlot(&c.folding.target_cycles); },
       fmt::format("Unfold every layer until it takes at most N cycles per frame; {} without "
                   "another goal",
                   kTargetCycles)},
      {"target_fps", "fps", true, "fold", "F", kApart, 0, 0, "{} fps",
       [](RunChoice& c) { return OptionSlot(&c.folding.target_fps); },
       "Unfold every layer until it keeps up with F frames per second at --clock"},
      {"clock", "clock_mhz", true, "fold", "MHZ", kApart, 0, 0, "",
       [](RunChoice& c) { return OptionSlot(&c.folding.clock_mhz); },
       "Clock for --target-fps and for rtl-top's frames per second"},
      {"device", "device", true, "fold", "PART", kApart, 0, 0, "{}",
       [](RunChoice& c) { return OptionSlot(&c.folding.device); },
       "Unfold as far as the layers, as estimated, fit a share of this part, but not farther than "
       "a "
       "target that is given: " +
           hw::device_names()},
      {"device_share", "device_share", true, "fold", "P", kApart, 1, 100, "",
       [](RunChoice& c) { return OptionSlot(&c.folding.device_share); },
       fmt::format("Percent of the device that layers and FIFOs may take; {} if not given",
                   kDeviceShare)},
      {"best_effort", "best_effort", true, "fold", "", kGiven, 0, 1, "",
       [](RunChoice& c) { return OptionSlot(&c.folding.best_effort); },
       "Take every layer's fastest folding where a target that is given cannot be reached, instead "
       "of refusing it"},
  };
}

std::vector<RunOption> hardware_options() {
  return {
      {"join_bits", "join_bits", false, "residual_sums", "N", kGiven, 0, kMaxJoinBits, "",
       [](RunChoice& c) { return OptionSlot(&c.passes.join_bits); },
       "Give sums of branches N fraction bits, exact or not (residual_sums becomes an approximate "
       "stage)"},
      {"runtime_weights", "runtime_weights", false, "absorb_scales", "", kGiven, 0, 1, "",
       [](RunChoice& c) { return OptionSlot(&c.passes.runtime_weights); },
       "Let a host write weights and thresholds of every layer that a folding file does not say "
       "otherwise of; widths then hold any weights of their types"},
      {"standalone_thresholds", "standalone_thresholds", false, "hw_layers", "", kGiven, 0, 1, "",
       [](RunChoice& c) { return OptionSlot(&c.passes.standalone_thresholds); },
       "Make thresholds layers of their own, not part of the product before them"},
      {"allow_software", "allow_software", false, "hw_layers", "", kGiven, 0, 1, "",
       [](RunChoice& c) { return OptionSlot(&c.passes.allow_software); },
       "Leave nodes that have no hardware layer to software instead of refusing them"},
      {"folding", "file", true, "specialize", "FILE", kApart, 0, 0, "{}",
       [](RunChoice& c) { return OptionSlot(&c.folding.file); },
       "JSON file with PE, SIMD, ram_style, mem_mode, preferred_impl_style and FIFO depths of "
       "nodes, as FINN's folding_config and the folding.json of a run"},
      {"fifo_interval", "fifo_interval", true, "fifos", "N", kGiven, 1, RunOption::kUnbounded,
       "FIFOs for {} cycles", [](RunChoice& c) { return OptionSlot(&c.passes.fifo_interval); },
       "Size FIFOs for a frame every N cycles: slower than the slowest layer saves memory"},
  };
}

/// What the report says of a value; nothing for one that it has in another form.
struct ReportValue {
  std::optional<OptionValue> operator()(const bool* v) const { return OptionValue(*v ? 1 : 0); }
  std::optional<OptionValue> operator()(const int* v) const { return OptionValue(*v); }
  std::optional<OptionValue> operator()(const std::int64_t* v) const { return OptionValue(*v); }
  std::optional<OptionValue> operator()(const std::string* v) const { return OptionValue(*v); }
  template <typename T>
  std::optional<OptionValue> operator()(const std::optional<T>* v) const {
    if (!*v) return {};
    return (*this)(&**v);
  }
  std::optional<OptionValue> operator()(const double*) const { return {}; }
  std::optional<OptionValue> operator()(const std::filesystem::path*) const { return {}; }
};

std::optional<OptionValue> report_value(const RunOption& option, const RunChoice& choice) {
  return std::visit(ReportValue{}, option.slot(const_cast<RunChoice&>(choice)));  // only read
}

/// The other way round; a value of another type says nothing.
struct TakeValue {
  const OptionValue& value;

  template <std::integral T>
  void operator()(T* v) const {
    if (const auto* number = std::get_if<std::int64_t>(&value)) *v = static_cast<T>(*number);
  }
  void operator()(std::string* v) const {
    if (const auto* text = std::get_if<std::string>(&value)) *v = *text;
  }
  template <typename T>
  void operator()(std::optional<T>* v) const {
    (*this)(&v->emplace());
  }
  void operator()(double*) const {}
  void operator()(std::filesystem::path*) const {}
};

/// The goal as it was settled.
void add_goal(const PassOptions& passes, Named<OptionValue>& options) {
  if (passes.device.empty()) {
    options.emplace_back("target_cycles", passes.target_cycles);
    return;
  }
  if (passes.device_cycles > 0) options.emplace_back("target_cycles", passes.device_cycles);
  options.emplace_back("device", passes.device);
  options.emplace_back("device_share", passes.device_share);
}

/// "16384" or "" for a value that nothing stands for.
std::string default_text(const RunOption& option) {
  RunChoice choice;
  if (option.name == "clock") return fmt::format("{}", choice.folding.clock_mhz);
  if (option.name == "target_cycles") return std::to_string(kTargetCycles);
  if (option.name == "device_share") return std::to_string(kDeviceShare);
  if (option.unit.empty()) return "";
  const auto value = report_value(option, choice);
  const auto* number = value ? std::get_if<std::int64_t>(&*value) : nullptr;
  return number && *number >= option.least ? std::to_string(*number) : "";
}

/// The option asks for all layers, a folding file for the layers that it names; either widens the network.
void settle_runtime_weights(PassOptions& passes) {
  const std::string field = "runtime_writeable_weights";
  const FoldingValue wanted = std::int64_t{1};
  if (passes.runtime_weights) passes.folding["Defaults"].try_emplace(field, wanted);
  passes.runtime_weights |= std::ranges::any_of(passes.folding, [&](const auto& node) {
    const auto wish = node.second.find(field);
    return wish != node.second.end() && wish->second == wanted;
  });
}

}  // namespace

std::string RunOption::flag() const {
  std::string text(name);
  std::ranges::replace(text, '_', '-');
  return "--" + text;
}

const std::vector<RunOption>& run_options() {
  static const std::vector<RunOption> all = [] {
    std::vector<RunOption> options = streamline_options();
    for (const auto& more : {goal_options(), hardware_options()})
      options.insert(options.end(), more.begin(), more.end());
    return options;
  }();
  return all;
}

void settle(RunChoice& choice) {
  const FoldingChoice& said = choice.folding;
  PassOptions& passes = choice.passes;
  const bool device = !said.device.empty();
  if (said.target_cycles && said.target_fps)
    user_error("--target-cycles and --target-fps exclude each other; give one of them");
  if (said.device_share && !device)
    user_error("--device-share is a share of --device, which is not given");
  if (said.target_cycles) passes.target_cycles = *said.target_cycles;
  if (said.target_fps) passes.target_cycles = cycles_per_frame(*said.target_fps, said.clock_mhz);
  const bool targeted = said.target_cycles || said.target_fps;
  if (said.best_effort && !targeted)
    user_error("--best-effort is about --target-cycles or --target-fps; give one of them");
  passes.target_required = targeted && !said.best_effort;
  if (device) hw::find_device(said.device);
  passes.device = said.device;
  passes.device_cycles = device && targeted ? passes.target_cycles : 0;
  passes.device_share = said.device_share.value_or(kDeviceShare);
  if (!said.file.empty()) passes.folding = read_folding_config(said.file);
  settle_runtime_weights(passes);
}

Named<OptionValue> recorded_options(const RunChoice& choice) {
  Named<OptionValue> options;
  const RunChoice usual;
  for (const RunOption& option : run_options()) {
    if (option.name == "target_cycles") add_goal(choice.passes, options);
    if (option.recorded == kApart) continue;
    const auto value = report_value(option, choice);
    if (value && (option.recorded == kAlways || value != report_value(option, usual)))
      options.emplace_back(option.name, *value);
  }
  if (!choice.passes.folding.empty())
    options.emplace_back("folding", sha256(folding_config_text(choice.passes.folding)));
  return options;
}

RunChoice recorded_choice(const Named<OptionValue>& options) {
  RunChoice choice;
  for (const auto& [name, value] : options) {
    const auto option = std::ranges::find(run_options(), name, &RunOption::name);
    if (option == run_options().end())
      user_error("no option of a run is called '{}'", printable(name));
    std::visit(TakeValue{value}, option->slot(choice));
  }
  return choice;
}

std::string run_options_rows() {
  std::string rows;
  for (const RunOption& option : run_options())
    rows += fmt::format("| `{}{}{}` | `{}`{} | {} | `{}` | {} |\n", option.flag(),
                        option.unit.empty() ? "" : " ", option.unit, option.suite,
                        option.of_folding ? " of a folding" : "", default_text(option),
                        option.stage, option.help);
  return rows;
}

}  // namespace assay
