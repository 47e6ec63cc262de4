// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <vector>

#include "xrt_device.h"

namespace xrt {

/// A mover of the simulated device.
class kernel {
 public:
  enum class cu_access_mode { exclusive, shared, none };
  kernel(const device& device, const uuid&, const std::string& name, cu_access_mode mode)
      : line_(device.shared_line()), mode_(mode) {
    std::istringstream names(line_->ask("ips "));
    unsigned number = 0;
    for (std::string one; names >> one; ++number)
      if (name == one + ":{" + one + "}") mover_ = static_cast<int>(number);
    if (mover_ < 0) throw std::runtime_error("the xclbin has no kernel '" + name + "'");
  }
  std::uint32_t group_id(int argument) const {
    if (argument != 0) throw std::runtime_error("the argument is no address");
    return static_cast<std::uint32_t>(mover_);
  }
  std::uint32_t read_register(std::uint32_t offset) const {
    require_exclusive();
    return static_cast<std::uint32_t>(std::stoul(line_->ask("read " + words(place(), offset))));
  }
  void write_register(std::uint32_t offset, std::uint32_t value) {
    require_exclusive();
    line_->say("write " + words(place(), offset) + " " + std::to_string(value));
  }

 private:
  std::uint64_t place() const { return static_cast<std::uint64_t>(mover_); }
  void require_exclusive() const {
    if (mode_ != cu_access_mode::exclusive)
      throw std::runtime_error("registers are those of kernels that are opened exclusively");
  }

  std::shared_ptr<Line> line_;
  int mover_ = -1;
  cu_access_mode mode_;
};

}  // namespace xrt
