// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/host/c_host.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "compile/backend/host/host_files.h"
#include "compile/backend/verilog/mover_registers.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::host {
namespace {

/// As assay_host.h has them.
constexpr std::size_t kMostAxes = 8, kMostMovers = 32;

std::string upper_case(std::string_view name) {
  std::string text(name);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

void require_elements(const StreamLayout& l) {
  const int most = l.dtype.is_signed() ? 64 : 63;
  if (!l.dtype.is_integer() || l.dtype.bits > most)
    user_error("the host in C has values of 64 bits with a sign; '{}' is {}", printable(l.name),
               l.dtype.name());
  if (l.shape.size() > kMostAxes)
    user_error("the host in C has at most {} axes; '{}' has {}", kMostAxes, printable(l.name),
               l.shape.size());
}

std::string stream_text(const DriverStream& stream) {
  const StreamLayout& l = stream.layout;
  require_elements(l);
  std::vector<int> perm = l.perm;
  if (perm.empty()) {
    perm.resize(l.shape.size());
    std::iota(perm.begin(), perm.end(), 0);
  }
  const bool bipolar = l.dtype.kind == DataType::Kind::kBipolar;
  return fmt::format(
      "    {{{}, {}, {}, 0x{:x}u, {}, {}, {}, {}, {}, {}, {{{}}}, {{{}}}, {}u, {}u, {}u, {}u, "
      "{}}},\n",
      c_string(l.name), c_string(l.tensor), c_string(stream.mover.name), stream.address,
      stream.mover.choice.memory_bits, c_string(l.dtype.name()), l.dtype.bits,
      l.dtype.is_signed() && !bipolar ? 1 : 0, bipolar ? 1 : 0, l.shape.size(),
      fmt::join(l.shape, ", "), fmt::join(perm, ", "), l.lanes, l.beats, l.beat_bytes,
      stream.mover.slot_bytes(), l.constant ? 1 : 0);
}

/// The table of memories and the port; "" where there is none.
std::string weights_text(const DriverSpec& spec) {
  if (!spec.weights) return "";
  const DriverWeights& w = *spec.weights;
  std::string stores;
  for (const WeightStore& s : w.stores)
    stores += fmt::format("    {{{}, {}, 0x{:x}u, {}u, {}u, {}u}},\n", c_string(s.node),
                          c_string(s.file), s.address, s.need.words, s.columns(), s.need.stride());
  return fmt::format(
      R"(/* Memories of run-time weights in the order of assay_store's fields, and the port to them. */
static const assay_store assay_stores[] = {{
{}}};

static const assay_weights assay_runtime_weights = {{
    0x{:x}u, 0x{:x}u, {}, {}, {}, assay_stores}};

)",
      stores, w.address, w.range, kWeightVersion, (weight_bytes(w.stores) - kWeightWindow) / 4,
      w.stores.size());
}

std::string accelerator_text(const DriverSpec& spec) {
  if (spec.inputs.size() + spec.outputs.size() > kMostMovers)
    user_error("the host in C has at most {} movers; '{}' has {}", kMostMovers,
               printable(spec.network), spec.inputs.size() + spec.outputs.size());
  std::string streams;
  for (const auto* all : {&spec.inputs, &spec.outputs})
    for (const DriverStream& stream : *all) streams += stream_text(stream);
  return fmt::format(
      R"(/* SPDX-License-Identifier: Apache-2.0 */
/* The accelerator: its streams in the order of assay_stream's fields, inputs, then outputs. */
#ifndef ASSAY_DESCRIPTION_H
#define ASSAY_DESCRIPTION_H

#include "assay_host.h"

static const assay_stream assay_streams[] = {{
{}}};

{}static const assay_description assay_accelerator = {{
    {}, "{}", {}, {}, {}, assay_streams, {}}};

#endif
)",
      streams, weights_text(spec), c_string(spec.network), spec.content_hash, spec.clock_mhz,
      spec.inputs.size(), spec.outputs.size(), spec.weights ? "&assay_runtime_weights" : "NULL");
}

std::string registers_text() {
  std::string defines, errors;
  for (const MoverRegister& r : kMoverRegisters)
    defines += fmt::format("#define ASSAY_REGISTER_{} 0x{:02x}u\n", upper_case(r.name), r.offset);
  for (const WeightRegister& r : kWeightRegisters)
    defines += fmt::format("#define ASSAY_WEIGHTS_{} 0x{:02x}u\n", upper_case(r.name), r.offset);
  defines += fmt::format(
      "#define ASSAY_WEIGHTS_WINDOW 0x{:x}u\n#define ASSAY_WEIGHTS_PAGE_BYTES 0x{:x}u\n",
      kWeightWindow, kWeightPage);
  for (const MoverBit& b : kMoverBits)
    if (b.reg == "error")
      errors += fmt::format("    {{{}, {}, {}}},\n", b.bit, c_string(b.name), c_string(b.meaning));
    else
      defines += fmt::format("#define ASSAY_BIT_{}_{} 0x{:x}u\n", upper_case(b.reg),
                             upper_case(b.name), 1U << b.bit);
  return fmt::format(
      R"(/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of a mover and of run-time weights, and what the bits of a mover's errors mean. */
#ifndef ASSAY_REGISTERS_H
#define ASSAY_REGISTERS_H

{}
static const struct {{
  unsigned bit;
  const char *name, *meaning;
}} assay_mover_errors[] = {{
{}}};

#endif
)",
      defines, errors);
}

/// How the example reaches what it drives.
std::string usual_text(const DriverSpec& spec) {
  return fmt::format("BOARD ?= {}\n", spec.by_xrt ? "board_xrt.cpp" : "board.cpp");
}

}  // namespace

std::string c_string(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text)
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '?')
      literal += c;
    else
      literal += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
  return literal + '"';
}

std::vector<NodeRtl::File> c_host(const DriverSpec& spec) {
  std::vector<NodeRtl::File> files = {{"accelerator.h", accelerator_text(spec)},
                                      {"assay_registers.h", registers_text()},
                                      {"usual.mk", usual_text(spec)}};
  for (const HostFile& file : c_files())
    files.push_back({std::string(file.name), std::string(file.text)});
  std::ranges::sort(files, {}, &NodeRtl::File::name);
  return files;
}

}  // namespace assay::host
