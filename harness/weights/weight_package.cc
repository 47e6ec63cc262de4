// SPDX-License-Identifier: Apache-2.0
#include "harness/weights/weight_package.h"

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "golden/data/npy.h"
#include "harness/report/json.h"

namespace assay {
namespace {

const hw::MemoryImage& contents(const StitchedRtl& rtl, const WeightStore& store) {
  for (const StitchedNode& node : rtl.nodes)
    if (node.node->name == store.node)
      for (const hw::MemoryImage& image : node.layer.images)
        if (image.name() == store.need.image) return image;
  ASSAY_INVARIANT(false, "a store without contents: " + store.file);
}

}  // namespace

std::vector<std::uint32_t> weight_words(const StitchedRtl& rtl) {
  std::vector<std::uint32_t> words;
  for (const WeightStore& store : rtl.stores) {
    const std::vector<std::uint32_t> own = host_words(store, contents(rtl, store));
    words.insert(words.end(), own.begin(), own.end());
  }
  return words;
}

std::vector<WeightPlace> weight_places(std::span<const WeightStore> stores) {
  std::vector<WeightPlace> places;
  for (std::size_t s = 0; s < stores.size(); ++s)
    for (std::int64_t word = 0; word < stores[s].need.words; ++word)
      for (std::int64_t column = 0; column < stores[s].columns(); ++column)
        places.push_back({s, word, column});
  return places;
}

std::string weights_npy(std::span<const std::uint32_t> words) {
  std::vector<std::int32_t> values(words.size());
  std::ranges::transform(words, values.begin(),
                         [](std::uint32_t w) { return std::bit_cast<std::int32_t>(w); });
  return encode_npy(make_npy<std::int32_t>({std::ssize(values)}, values));
}

std::string weights_json(const StitchedRtl& rtl, const std::string& content_hash,
                         std::span<const std::uint32_t> words, const std::string& training) {
  Json stores = Json::array();
  std::int64_t first = 0;
  for (const WeightStore& store : rtl.stores) {
    stores.push_back({{"node", store.node},
                      {"file", store.file},
                      {"address", store.address},
                      {"words", store.need.words},
                      {"columns", store.columns()},
                      {"stride", store.need.stride()},
                      {"first", first}});
    first += store.words();
  }
  const std::string_view bytes(reinterpret_cast<const char*>(words.data()), words.size_bytes());
  const Json json = {{"format", "assay.run-time-weights/2"},
                     {"content_hash", content_hash},
                     {"words", std::ssize(words)},
                     {"words_sha256", sha256(bytes)},
                     {"stores", stores},
                     {"training", training.empty() ? Json() : Json::parse(training)}};
  return json.dump(1) + "\n";
}

}  // namespace assay
