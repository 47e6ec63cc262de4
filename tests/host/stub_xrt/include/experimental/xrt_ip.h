// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>

#include "../xrt/xrt_device.h"

namespace xrt {

/// A kernel of the simulated device that XRT does not manage; its bus has 16 bits of address.
class ip {
 public:
  ip(const device& device, const uuid&, const std::string& name) : line_(device.shared_line()) {
    std::istringstream names(line_->ask("ips "));
    std::uint64_t number = 0;
    for (std::string one; names >> one; ++number)
      if (name == "accelerator:{" + one + "}") place_ = number, found_ = true;
    if (!found_) throw std::runtime_error("the xclbin has no IP '" + name + "'");
  }
  std::uint32_t read_register(std::uint32_t offset) const {
    require_reach(offset);
    return static_cast<std::uint32_t>(std::stoul(line_->ask("read " + words(place_, offset))));
  }
  void write_register(std::uint32_t offset, std::uint32_t value) {
    require_reach(offset);
    line_->say("write " + words(place_, offset) + " " + std::to_string(value));
  }

 private:
  static void require_reach(std::uint32_t offset) {
    if (offset > 0xffff) throw std::out_of_range("an offset of more than 16 bits");
  }

  std::shared_ptr<Line> line_;
  std::uint64_t place_ = 0;
  bool found_ = false;
};

}  // namespace xrt
