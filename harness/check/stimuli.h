// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/check/check.h"
#include "harness/report/stimuli.h"

namespace assay {

/// Looks at the images and at what the reference computes from them: how many differ, which of its
/// checkpoints and channels are the same on all of them, which classes are never answered.
report::Stimuli look_at_images(Reference& reference);

/// What the images cannot show, a sentence each; empty when nothing stands out.
std::vector<std::string> unseen(const report::Stimuli& stimuli);

/// How many different images there are among the first `count`.
std::int64_t distinct_images(const Dataset& set, std::int64_t count);

/// Several images that are all the same, or all the same to the network, are one image: whatever was
/// compared on them was not compared on as many images as were asked for. Nothing for others.
std::optional<Judgement> judge_images(const report::Stimuli& stimuli);

}  // namespace assay
