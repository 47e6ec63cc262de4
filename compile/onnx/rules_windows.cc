// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/onnx/rules.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

/// Keeps the products below in 64 bits.
constexpr std::int64_t kMaxField = 1 << 24;

/// The spatial attributes of a draft on their way to full length.
struct WindowDraft {
  Ints kernel, strides, dilations;
  std::optional<Ints> pads;
  std::string auto_pad;
  std::size_t rank() const { return kernel.size(); }
  std::int64_t span(std::size_t axis) const { return (kernel[axis] - 1) * dilations[axis] + 1; }
};

Ints take_list(Attributes& attributes, std::string_view name, std::size_t length) {
  Ints values = attributes.take_ints(name).value_or(Ints(length, 1));
  if (values.size() != length)
    user_error("attribute '{}' has {} entries for a kernel of {} axes", name, values.size(),
               length);
  if (std::ranges::any_of(values, [](std::int64_t v) { return v < 1 || v > kMaxField; }))
    user_error("attribute '{}' is {}; every entry must be between 1 and {}", name,
               shape_text(values), kMaxField);
  return values;
}

WindowDraft take_window(Attributes& attributes, const Ints& default_kernel) {
  WindowDraft window;
  const auto kernel = attributes.take_ints("kernel_shape");
  window.kernel = kernel ? *kernel : default_kernel;
  if (window.kernel.empty()) user_error("attribute 'kernel_shape' is missing");
  if (std::ranges::any_of(window.kernel, [](std::int64_t v) { return v < 1 || v > kMaxField; }))
    user_error("attribute 'kernel_shape' is {}; every entry must be between 1 and {}",
               shape_text(window.kernel), kMaxField);
  window.strides = take_list(attributes, "strides", window.rank());
  window.dilations = take_list(attributes, "dilations", window.rank());
  window.pads = attributes.take_ints("pads");
  if (window.pads && window.pads->size() != 2 * window.rank())
    user_error("attribute 'pads' has {} entries for a kernel of {} axes", window.pads->size(),
               window.rank());
  window.auto_pad = attributes.take_string("auto_pad").value_or("NOTSET");
  return window;
}

/// `total` split into begin and end; SAME_UPPER puts an odd one at the end.
void split_padding(Ints& pads, std::size_t axis, std::int64_t total, bool upper) {
  total = std::max<std::int64_t>(total, 0);
  const std::int64_t less = total / 2, more = total - less;
  pads[axis] = upper ? less : more;
  pads[axis + pads.size() / 2] = upper ? more : less;
}

Ints spatial_sizes(const Shape& x, std::size_t rank, std::size_t first) {
  if (x.size() != rank + 2)
    user_error("the kernel has {} axes for an input of shape {}", rank, shape_text(x));
  const auto begin = x.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(rank)};
}

/// Whether pads must be computed; otherwise they are filled in.
bool needs_auto_pad(WindowDraft& window) {
  const std::string& mode = window.auto_pad;
  if (mode != "NOTSET" && mode != "VALID" && mode != "SAME_UPPER" && mode != "SAME_LOWER")
    user_error(
        "attribute 'auto_pad' is '{}'; NOTSET, VALID, SAME_UPPER and SAME_LOWER are supported",
        printable(mode));
  if (mode != "NOTSET" && window.pads &&
      std::ranges::any_of(*window.pads, [](std::int64_t p) { return p != 0; }))
    user_error("attributes 'auto_pad' and 'pads' contradict each other");
  if (!window.pads || mode != "NOTSET") window.pads = Ints(2 * window.rank(), 0);
  return mode.starts_with("SAME");
}

void put_back(Attributes& attributes, const WindowDraft& window, bool dilated) {
  attributes.set("kernel_shape", window.kernel);
  attributes.set("strides", window.strides);
  attributes.set("pads", *window.pads);
  if (dilated) {
    attributes.set("dilations", window.dilations);
  } else if (std::ranges::any_of(window.dilations, [](std::int64_t d) { return d != 1; })) {
    user_error("attribute 'dilations' is {}; only 1 is supported here",
               shape_text(window.dilations));
  }
}

/// Of VALID with ceil_mode the standard's text drops the last, partial window and onnxruntime keeps it.
void refuse_disputed_window(const WindowDraft& window, const Ints& sizes) {
  for (std::size_t i = 0; i < window.rank(); ++i)
    if (sizes[i] >= window.span(i) && (sizes[i] - window.span(i)) % window.strides[i] != 0)
      user_error(
          "auto_pad VALID with ceil_mode leaves open whether a partial window at the end of axis "
          "{} counts; export with explicit pads",
          i + 2);
}

/// Everything but ConvTranspose: the output has ceil(input / stride) elements.
void complete(GraphBuilder& builder, Draft& draft, const Ints& kernel, bool dilated,
              std::size_t first_spatial = 2) {
  WindowDraft window = take_window(draft.attributes, kernel);
  const bool same = needs_auto_pad(window);
  const bool disputed = window.auto_pad == "VALID" && draft.attributes.has_flag("ceil_mode");
  const Ints sizes = same || disputed ? spatial_sizes(builder.shape(draft.inputs.at(0)),
                                                      window.rank(), first_spatial)
                                      : Ints{};
  if (disputed) refuse_disputed_window(window, sizes);
  if (same) {
    for (std::size_t i = 0; i < window.rank(); ++i) {
      const std::int64_t out = (sizes[i] + window.strides[i] - 1) / window.strides[i];
      split_padding(*window.pads, i, (out - 1) * window.strides[i] + window.span(i) - sizes[i],
                    window.auto_pad == "SAME_UPPER");
    }
  }
  put_back(draft.attributes, window, dilated);
}

Ints kernel_of_weights(GraphBuilder& builder, const Draft& draft) {
  if (draft.inputs.size() < 2 || !draft.inputs[1]) user_error("input 1 (the weights) is missing");
  const Shape& weights = builder.shape(draft.inputs[1]);
  if (weights.size() < 3)
    user_error("weights of shape {} have no spatial axes", shape_text(weights));
  return {weights.begin() + 2, weights.end()};
}

/// The pads that give ConvTranspose the wanted output sizes.
void pad_to_output(WindowDraft& window, const Ints& sizes, const Ints& extra, const Ints& wanted) {
  for (std::size_t i = 0; i < window.rank(); ++i) {
    const std::int64_t total =
        window.strides[i] * (sizes[i] - 1) + extra[i] + window.span(i) - wanted[i];
    if (total < 0)
      user_error("an output of size {} needs negative padding; use output_padding", wanted[i]);
    // Versions of the standard contradict each other on which side gets the odd one.
    if (total % 2 != 0)
      user_error("the padding {} of axis {} does not split evenly; export with explicit pads",
                 total, i + 2);
    split_padding(*window.pads, i, total, true);
  }
}

}  // namespace

void complete_conv(GraphBuilder& builder, Draft& draft) {
  complete(builder, draft, kernel_of_weights(builder, draft), true);
}

void complete_conv_transpose(GraphBuilder& builder, Draft& draft) {
  WindowDraft window = take_window(draft.attributes, kernel_of_weights(builder, draft));
  const auto extra = draft.attributes.take_ints("output_padding").value_or(Ints(window.rank(), 0));
  const auto wanted = draft.attributes.take_ints("output_shape");
  if (extra.size() != window.rank() || (wanted && wanted->size() != window.rank()))
    user_error("output_padding and output_shape must have one entry per spatial axis");
  const bool same = needs_auto_pad(window);
  if (same || wanted) {
    const Ints sizes = spatial_sizes(builder.shape(draft.inputs.at(0)), window.rank(), 2);
    Ints target = wanted.value_or(sizes);
    if (!wanted)
      for (std::size_t i = 0; i < window.rank(); ++i) target[i] = sizes[i] * window.strides[i];
    pad_to_output(window, sizes, extra, target);
  }
  put_back(draft.attributes, window, true);
  draft.attributes.set("output_padding", extra);
}

void complete_max_pool(GraphBuilder& builder, Draft& draft) {
  // It only orders the indices, which are not supported.
  draft.attributes.expect_int("storage_order", {0, 1});
  keep_outputs(draft, 1);
  complete(builder, draft, {}, true);
}

void complete_average_pool(GraphBuilder& builder, Draft& draft) {
  complete(builder, draft, {}, false);
}

void complete_max_pool_nhwc(GraphBuilder& builder, Draft& draft) {
  complete(builder, draft, {}, false, 1);
}

}  // namespace assay
