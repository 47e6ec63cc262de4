// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "compile/base/process.h"

namespace assay {
namespace {

TEST(Companion, IsAskedWhetherItEndedAndWhatItSaid) {
  const Companion companion({"/bin/sh", "-c", "echo ready; echo at once >&2"}, "/", -1);
  const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!companion.ended() && std::chrono::steady_clock::now() < late)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(companion.ended());
  EXPECT_EQ(companion.output(), "ready\nat once\n");
}

TEST(Companion, EndsWithWhoStartedIt) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(Companion({"/bin/sh", "-c", "sleep 600"}, "/", -1).ended());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

}  // namespace
}  // namespace assay
