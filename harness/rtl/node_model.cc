// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/node_model.h"

#include <algorithm>

#include "compile/base/error.h"

namespace assay {
namespace {

/// The words of a memory as beats.
sim::Tokens word_tokens(const hw::MemoryImage& image, const hw::Stream& stream) {
  sim::Tokens tokens{stream.bits(), stream.beats, {}};
  const std::size_t stride = tokens.stride();
  tokens.bytes.resize(static_cast<std::size_t>(image.words()) * stride);
  for (std::int64_t w = 0; w < image.words(); ++w) {
    std::uint8_t* beat = tokens.bytes.data() + static_cast<std::size_t>(w) * stride;
    for (int b = 0; b < image.word_bits(); ++b)
      if (image.bit(w, b)) beat[b / 8] |= static_cast<std::uint8_t>(1U << (b % 8));
  }
  return tokens;
}

}  // namespace

void add_design(sim::ModelSpec& spec, const NodeRtl& rtl) {
  for (const NodeRtl::File& file : rtl.files)
    if (std::ranges::find(spec.sources, file.name, &sim::SourceFile::name) == spec.sources.end())
      spec.sources.push_back({file.name, file.text});
  sim::Design design{rtl.module, {}, {}};
  for (const hw::Stream& s : rtl.layer.inputs) design.inputs.push_back(s.bits());
  for (const hw::Stream& s : rtl.layer.outputs) design.outputs.push_back(s.bits());
  spec.designs.push_back(std::move(design));
}

sim::Packing packing(const hw::Stream& s) { return {s.dtype, s.lanes, s.beats, s.last}; }

sim::Tokens stream_tokens(const hw::Layer& layer, const hw::Stream& stream,
                          std::span<const std::int64_t> values) {
  if (!stream.tensor || !stream.tensor->is_constant()) return sim::pack(values, packing(stream));
  const auto image = std::ranges::find(layer.images, "weights.hex", &hw::MemoryImage::name);
  ASSAY_INVARIANT(image != layer.images.end(), "a weight stream needs the image of its words");
  return word_tokens(*image, stream);
}

void append_tokens(sim::Tokens& all, const sim::Tokens& frame) {
  all.bits = frame.bits;
  all.beats = frame.beats;
  all.last = frame.last;
  all.bytes.insert(all.bytes.end(), frame.bytes.begin(), frame.bytes.end());
}

}  // namespace assay
