// SPDX-License-Identifier: Apache-2.0
#include "golden/kernels/impl.h"

#if defined(__x86_64__)
#include <cstring>

#include "golden/kernels/dense.h"

namespace assay {
namespace {

template <typename T>
const std::byte* plain_image(const ConvShape& shape, const void* in, Storage storage,
                             const Padding& padding) {
  return reinterpret_cast<const std::byte*>(padded_image<T>(shape, in, storage, padding));
}

template <typename T>
void store_as(std::span<const std::int16_t> step, std::byte* to) {
  for (const std::int16_t w : step) {
    const T typed = static_cast<T>(w);
    std::memcpy(to, &typed, sizeof(T));
    to += sizeof(T);
  }
}

/// Four bytes of the image at a time.
template <typename In, typename Weight>
std::unique_ptr<const ConvImpl> make_products(const ConvProblem& problem, const char* name,
                                              const TileFunctions& functions,
                                              std::int64_t pair_limit) {
  const auto offset = offset_into<In>(problem.input);
  if (!fits<std::int32_t>(problem.output) || !fits<Weight>(problem.weight) || !offset)
    return nullptr;
  return make_dense(problem, {.name = name,
                              .functions = &functions,
                              .image = plain_image<In>,
                              .step_elements = 4 / sizeof(In),
                              .step_bytes = 4,
                              .encode = store_as<Weight>,
                              .weight_bytes = 4,
                              .offset = *offset,
                              .pair_limit = pair_limit});
}

}  // namespace

std::unique_ptr<const ConvImpl> make_bytes_avx2(const ConvProblem& problem) {
  constexpr std::int64_t kLimit = std::numeric_limits<std::int16_t>::max();
  return make_products<std::uint8_t, std::int8_t>(problem, "AVX2 u8 x i8", bytes_avx2(), kLimit);
}

std::unique_ptr<const ConvImpl> make_words_avx2(const ConvProblem& problem) {
  return make_products<std::int16_t, std::int16_t>(problem, "AVX2 i16 x i16", words_avx2(),
                                                   kNoLimit);
}

std::unique_ptr<const ConvImpl> make_bytes_vnni(const ConvProblem& problem) {
  return make_products<std::uint8_t, std::int8_t>(problem, "AVX-512 VNNI u8 x i8", bytes_vnni(),
                                                  kNoLimit);
}

}  // namespace assay
#else
namespace assay {
std::unique_ptr<const ConvImpl> make_bytes_avx2(const ConvProblem&) { return nullptr; }
std::unique_ptr<const ConvImpl> make_words_avx2(const ConvProblem&) { return nullptr; }
std::unique_ptr<const ConvImpl> make_bytes_vnni(const ConvProblem&) { return nullptr; }
}  // namespace assay
#endif
