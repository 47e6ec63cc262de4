// SPDX-License-Identifier: Apache-2.0
#include "sim/model/glue.h"

#include <fmt/format.h>

namespace assay::sim {
namespace {

/// One port of a design: its name and width, and whether the design reads it.
struct Pin {
  std::string name;
  int bits = 1;
  bool input = false;
};

std::vector<Pin> pins(const Design& design) {
  std::vector<Pin> result = {{"clk_i", 1, true}, {"rst_ni", 1, true}};
  for (std::size_t i = 0; i < design.inputs.size(); ++i) {
    result.push_back({fmt::format("in{}_valid_i", i), 1, true});
    result.push_back({fmt::format("in{}_ready_o", i), 1, false});
    result.push_back({fmt::format("in{}_data_i", i), design.inputs[i], true});
  }
  for (std::size_t i = 0; i < design.outputs.size(); ++i) {
    result.push_back({fmt::format("out{}_valid_o", i), 1, false});
    result.push_back({fmt::format("out{}_ready_i", i), 1, true});
    result.push_back({fmt::format("out{}_data_o", i), design.outputs[i], false});
  }
  for (std::size_t i = 0; i < design.monitors.size(); ++i) {
    result.push_back({fmt::format("mon{}_valid_o", i), 1, false});
    result.push_back({fmt::format("mon{}_ready_o", i), 1, false});
    result.push_back({fmt::format("mon{}_data_o", i), design.monitors[i], false});
  }
  for (std::size_t i = 0; i < design.controls.size(); ++i)
    result.push_back({fmt::format("control{}_i", i), design.controls[i], true});
  return result;
}

constexpr std::string_view kGlueHead = R"(#include "Vmodel.h"
#include "sim/bench/model_pch.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
using Trace = VerilatedFstC;
#elif VM_TRACE
#include "verilated_vcd_c.h"
using Trace = VerilatedVcdC;
#endif

double sc_time_stamp() { return 0; }

namespace assay::sim {
namespace {

template <typename T>
std::uint8_t* pin(T& port) { return reinterpret_cast<std::uint8_t*>(&port); }

class VerilatedDut final : public Dut {
 public:
  VerilatedDut(int dut, std::uint64_t seed, const std::string& wave,
               const std::vector<std::uint64_t>& controls) {
    context_.randReset(2);
    context_.randSeed(static_cast<int>(seed % 0x7fffffff) + 1);
#if VM_TRACE
    context_.traceEverOn(true);
#endif
    top_ = std::make_unique<Vmodel>(&context_);
    connect(dut, controls);
#if VM_TRACE
    if (!wave.empty()) {
      trace_ = std::make_unique<Trace>();
      top_->trace(trace_.get(), 99);
      trace_->open(wave.c_str());
      if (!trace_->isOpen()) throw std::runtime_error("cannot write " + wave);
    }
#else
    if (!wave.empty()) throw std::runtime_error("this model was built without waveforms");
#endif
  }
  ~VerilatedDut() override {
#if VM_TRACE
    if (trace_) trace_->close();
#endif
    top_->final();
  }
  void eval() override { top_->eval(); }
  void dump(std::uint64_t time) override {
#if VM_TRACE
    if (trace_) trace_->dump(time);
#endif
  }

 private:
)";

constexpr std::string_view kGlueTail = R"(
  VerilatedContext context_;
  std::unique_ptr<Vmodel> top_;
#if VM_TRACE
  std::unique_ptr<Trace> trace_;
#endif
};

}  // namespace

std::unique_ptr<Dut> make_dut(int dut, std::uint64_t seed, const std::string& wave,
                              const std::vector<std::uint64_t>& controls) {
  return std::make_unique<VerilatedDut>(dut, seed, wave, controls);
}

}  // namespace assay::sim
)";

std::string connect_case(const Design& design, std::size_t d) {
  std::string text = fmt::format("      case {}:\n", d);
  const auto port = [&](std::string_view name) {
    return fmt::format("pin(top_->d{}_{})", d, name);
  };
  text += fmt::format("        clk = {};\n        rst_n = {};\n", port("clk_i"), port("rst_ni"));
  const auto add = [&](std::string_view list, const std::vector<int>& bits, const char* valid,
                       const char* ready, const char* data) {
    for (std::size_t i = 0; i < bits.size(); ++i)
      text += fmt::format("        {}.push_back({{{}, {}, {}, {}}});\n", list,
                          port(fmt::format(fmt::runtime(valid), i)),
                          port(fmt::format(fmt::runtime(ready), i)),
                          port(fmt::format(fmt::runtime(data), i)), bits[i]);
  };
  add("inputs", design.inputs, "in{}_valid_i", "in{}_ready_o", "in{}_data_i");
  add("outputs", design.outputs, "out{}_valid_o", "out{}_ready_i", "out{}_data_o");
  add("monitors", design.monitors, "mon{}_valid_o", "mon{}_ready_o", "mon{}_data_o");
  for (std::size_t i = 0; i < design.controls.size(); ++i)
    text +=
        fmt::format("        std::memcpy({}, &controls.at({}), sizeof(top_->d{}_control{}_i));\n",
                    port(fmt::format("control{}_i", i)), i, d, i);
  return text + "        break;\n";
}

}  // namespace

std::string top_text(const ModelSpec& spec) {
  std::string ports, instances;
  for (std::size_t d = 0; d < spec.designs.size(); ++d) {
    const Design& design = spec.designs[d];
    std::string connections;
    for (const Pin& pin : pins(design)) {
      const std::string range = pin.bits > 1 || pin.name.find("data") != std::string::npos ||
                                        pin.name.starts_with("control")
                                    ? fmt::format(" [{}:0]", pin.bits - 1)
                                    : "";
      ports += fmt::format("{}  {} logic{} d{}_{}", ports.empty() ? "" : ",\n",
                           pin.input ? "input " : "output", range, d, pin.name);
      connections +=
          fmt::format("{}    .{}(d{}_{})", connections.empty() ? "" : ",\n", pin.name, d, pin.name);
    }
    instances += fmt::format("  {} d{} (\n{}\n  );\n", design.module, d, connections);
  }
  return fmt::format("module assay_top (\n{}\n);\n{}endmodule\n", ports, instances);
}

std::string glue_text(const ModelSpec& spec) {
  std::string text(kGlueHead);
  text +=
      "  void connect(int dut, const std::vector<std::uint64_t>& controls) {\n    switch (dut) {\n";
  for (std::size_t d = 0; d < spec.designs.size(); ++d) text += connect_case(spec.designs[d], d);
  text +=
      "      default:\n        throw std::runtime_error(\"the model has no such design\");\n    "
      "}\n  }\n";
  return text + std::string(kGlueTail);
}

}  // namespace assay::sim
